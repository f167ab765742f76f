/** Something clients can subscribe to has changed. */
export type ChangeEvent =
  | { readonly kind: 'tools_list_changed' }
  | { readonly kind: 'prompts_list_changed' }
  | { readonly kind: 'resources_list_changed' }
  | { readonly kind: 'resource_updated'; readonly uri: string };

/** Tells every subscribed client of a change. Whoever changes something publishes; the transport delivers. */
export abstract class ChangeEvents {
  abstract publish(event: ChangeEvent): void;
  /** @returns ends the subscription. A listener must not throw. */
  abstract subscribe(listener: (event: ChangeEvent) => void): () => void;
}
