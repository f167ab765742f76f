import { type Cipher, openDataCipher, type StorageSettings } from '@app/config';

/**
 * What seals what the server keeps of calls. What several servers share only keys that all of them have can open:
 * without such keys it is kept as it is.
 */
export async function dataCipherOf(storage: StorageSettings): Promise<Cipher | undefined> {
  const { dataDir, databaseUrl, redisUrl, configKeys } = storage;
  const isShared = databaseUrl !== undefined || redisUrl !== undefined;
  return isShared && configKeys === undefined ? undefined : openDataCipher(dataDir, configKeys);
}
