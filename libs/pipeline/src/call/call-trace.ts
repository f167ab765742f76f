import { STAGES, type StageName } from '../stages/stages.js';

export interface TracedStage {
  readonly stage: StageName;
  /** Milliseconds since the call began. */
  readonly atMs: number;
}

/** Where a call has been and when, and what was decided on its way. */
export class CallTrace {
  private readonly places: number[] = [];
  private readonly times: number[] = [];
  private readonly remarks: string[] = [];

  /** @param startedAt monotonic, ms */
  constructor(
    readonly callId: string,
    readonly operation: string,
    readonly startedAt: number,
  ) {}

  enter(place: number): void {
    this.places.push(place);
    this.times.push(performance.now());
  }

  /** The innermost stage the call has reached so far. */
  get stage(): StageName | undefined {
    const place = this.places.at(-1);
    return place === undefined ? undefined : STAGES[place]!.name;
  }

  note(stage: StageName, decision: string): void {
    this.remarks.push(`${stage}: ${decision}`);
  }

  /** Decisions other than to let the call pass, in order. */
  get notes(): readonly string[] {
    return this.remarks;
  }
  /** In the order in which they were entered; a stage inside of a retry comes once per attempt. */
  stages(): readonly TracedStage[] {
    return this.places.map((place, index) => ({
      stage: STAGES[place]!.name,
      atMs: this.times[index]! - this.startedAt,
    }));
  }
}
