import type { DataClass } from './data-class.js';

/** Ends of names, in words, of what is a secret whatever its value is. */
const SECRET_ENDS = new Set(
  `password|passwd|passphrase|passcode|pwd|secret|secrets|token|authorization|proxy authorization|cookie|cookies|jwt|dsn|otp
  |totp|mnemonic|bearer|credential|credentials|api key|apikey|api keys|access key|access keys|accesskey|private key|privatekey|private keys
  |secret key|secretkey|signing key|encryption key|account key|shared key|master key|auth key|service key|license key|session key
  |connection string|cvv|cvc|cvv2|card pin|seed phrase|code verifier|client assertion|basic auth|db pass|smtp pass|user pass
  |ssh pass|password hash|password digest|passwordhash|secret value|token value|token hash|secret key base|raw headers|rawheaders|x amz signature`
    .split('|')
    .map((name) => name.trim()),
);
/** Ends of names of what tells of a person whatever its value is. */
const PII_ENDS = new Set(
  `email|e mail|mail address|email address|emails|phone|phones|phone number|phonenumber|mobile|mobile number|msisdn|ssn|social security number
  |card number|cardnumber|credit card|creditcard|iban|date of birth|birth date|birthdate|dob|passport number|tax id|national id
  |first name|last name|full name|surname|postal address|street address`
    .split('|')
    .map((name) => name.trim()),
);
/** They end like a secret and are none: marks to go on at, and what only speaks of tokens. */
const INNOCENT = /(?:^| )(?:next|page|continuation|cancel|cancellation|sync|max|min|design) tokens?$/;
const LONGEST_END_WORDS = 3;
/** Longer names are not looked at in full. */
const MAX_NAME_CHARS = 200;
const MAX_KNOWN = 2_000;

const known = new Map<string, DataClass | undefined>();

/** `dbPassword`, `DB_PASSWORD` and `db-password` are the words `db password`. */
const wordsOf = (name: string): string[] =>
  name
    .slice(-MAX_NAME_CHARS)
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

function judge(name: string): DataClass | undefined {
  const words = wordsOf(name);
  if (INNOCENT.test(words.join(' '))) return undefined;
  for (let count = 1; count <= LONGEST_END_WORDS; count++) {
    const end = words.slice(-count).join(' ');
    if (SECRET_ENDS.has(end)) return 'secret';
    if (PII_ENDS.has(end)) return 'pii';
  }
  return undefined;
}

/** The data class of whatever stands under a name in structured data, as its name tells it. */
export function classOfName(name: string): DataClass | undefined {
  if (known.has(name)) return known.get(name);
  const dataClass = judge(name);
  // What a caller makes up must not fill the memory.
  if (known.size >= MAX_KNOWN) known.clear();
  if (name.length <= MAX_NAME_CHARS) known.set(name, dataClass);
  return dataClass;
}
