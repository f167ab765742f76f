const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** ISO/IEC 7812-1, annex B: the check digit of cards. */
export function passesLuhn(text: string): boolean {
  const digits = digitsOf(text);
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** By the first digits and the length that issuers use; a time in ms or ns and an ISBN begin otherwise. */
const CARD =
  /^(?:4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:50|5[6-8]|6[37])\d{14})$/;
export const isCard = (text: string): boolean => CARD.test(digitsOf(text)) && passesLuhn(text);

/** Lengths of the registry of ISO 13616, by country. */
const IBAN_CHARS = new Map(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** ISO 13616: the length of the country and the remainder 1 of ISO 7064 mod 97-10. */
export function isIban(text: string): boolean {
  const compact = text.replace(/ /g, '').toUpperCase();
  if (IBAN_CHARS.get(compact.slice(0, 2)) !== compact.length) return false;
  let remainder = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** A header that names an algorithm, as RFC 7515 and 7516 ask for. */
export function isJwt(text: string): boolean {
  const header = Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString('latin1');
  return header.startsWith('{') && /"alg"\s{0,8}:\s{0,8}"/.test(header);
}

/** Numbers the issuer never gave out are none. */
export function isSsn(text: string): boolean {
  const [, area, group, serial] = /^(\d{3})(\d{2})(\d{4})$/.exec(digitsOf(text)) ?? [];
  return area !== undefined && !/^(?:000|666|9)/.test(area) && group !== '00' && serial !== '0000';
}

export const hasDigits = (text: string, min: number, max: number): boolean => {
  const { length } = digitsOf(text);
  return length >= min && length <= max;
};
