/**
 * The title of a test that injects a failure and sees its mitigation at work. The register finds it by these words, so
 * both are written out where the test stands.
 * @param failure as the register calls it
 * @param mitigation the name of the stage, class or function
 */
export const injected = (failure: string, mitigation: string, what = ''): string =>
  `${failure} → ${mitigation}${what === '' ? '' : `: ${what}`}`;
