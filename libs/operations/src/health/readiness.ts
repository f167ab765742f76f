import { Injectable } from '@nestjs/common';
import { Admission } from '@app/pipeline';

export type ServingState = 'starting' | 'ready' | 'draining';

/** Whether new work should be sent here. */
@Injectable()
export class Readiness {
  private booted = false;
  private leaving = false;

  constructor(private readonly admission: Admission) {}

  markReady(): void {
    this.booted = true;
  }
  /** The gateway should stop sending; calls are still served until admission drains. */
  markLeaving(): void {
    this.leaving = true;
  }
  state(): ServingState {
    if (this.leaving || this.admission.isDraining) return 'draining';
    return this.booted ? 'ready' : 'starting';
  }
}
