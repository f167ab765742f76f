/** Watches of what began in this turn of the event loop. */
const unarmed: (() => void)[] = [];

/**
 * Most calls end in the turn they began in, and need neither a timer nor an ear for their caller. So both are set up at
 * the end of the turn, for what is still running then.
 */
export function armLater(arm: () => void): void {
  if (unarmed.length === 0)
    setImmediate(() => {
      for (const each of unarmed.splice(0)) each();
    });
  unarmed.push(arm);
}
