/** The command line does not say anything this program understands: exit 64. */
export class UsageError extends Error {}
