import { Injectable } from '@nestjs/common';
import { KnownSecrets } from '@app/security';
import { AroundStage, type Step } from './around-stage.js';

/** Stage `redact`: the server's own secrets leave it in no result, and are kept by no cache. */
@Injectable()
export class RedactStage extends AroundStage {
  override readonly stage = 'redact';

  constructor(private readonly secrets: KnownSecrets) {
    super();
  }

  override stepFor(): Step {
    return async (call, next) => {
      const result = await next();
      call.enter('redact');
      const clean = this.secrets.redact(result);
      if (clean !== result) call.note('redact', 'redacted');
      return clean;
    };
  }
}
