import { Injectable } from '@nestjs/common';
import { type ChangeEvent, ChangeEvents } from '@app/mcp';

/** Changes within this process. Keeps nothing: who subscribes later has missed what came before. */
@Injectable()
export class MemoryChangeEvents extends ChangeEvents {
  private readonly listeners = new Set<(event: ChangeEvent) => void>();

  override publish(event: ChangeEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  override subscribe(listener: (event: ChangeEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
