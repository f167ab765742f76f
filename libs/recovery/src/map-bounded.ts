/**
 * Does the same with many things, so many at once. The results are in the order of the things.
 * @param maxConcurrent at least 1
 * @throws what the first failure throws, when what had begun has ended; nothing is begun after it
 */
export async function mapBounded<T, R>(
  things: readonly T[],
  maxConcurrent: number,
  work: (thing: T, index: number) => Promise<R>,
): Promise<R[]> {
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
    throw new RangeError(`${maxConcurrent} at once is not a whole number of at least 1`);
  const results = Array.from<R>({ length: things.length });
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < things.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await work(things[index]!, index);
      } catch (failure) {
        failures.push(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, things.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
