import { Body, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { IsInt, IsNotEmpty, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Principal } from '@app/mcp';
import { RevokedTokens, SecurityEvents } from '@app/security';
import { AdminController, Operator } from './admin.decorators.js';
import { checkOverAll } from './operator-reach.js';
import { revocationDetails } from './revocation-details.js';

const HOUR_MS = 3_600_000;

class Revocation {
  @ApiProperty({ description: 'The jti of the token' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  tokenId!: string;

  @ApiProperty({ required: false, description: 'As long as the token could live, in ms; default an hour' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(30 * 24 * HOUR_MS)
  forMs?: number;
}

/** Tokens that count no more although they are genuine. A `jti` says nothing of its tenant, so it is for who is over all. */
@AdminController('tokens')
export class TokensController {
  constructor(
    private readonly revoked: RevokedTokens,
    private readonly events: SecurityEvents,
  ) {}

  @Post('revoke')
  @HttpCode(204)
  @ApiOperation({ summary: 'Refuse a token, within a second on every server that shares the store' })
  @ApiNoContentResponse()
  async revoke(@Operator() operator: Principal, @Body() { tokenId, forMs = HOUR_MS }: Revocation): Promise<void> {
    checkOverAll(operator);
    const { tenant, subject, actors, via } = operator;
    const details = revocationDetails(tokenId, forMs);
    await this.events.record({ operation: 'token_revoked', tenant, subject, actors, via, details });
    await this.revoked.revoke(tokenId, forMs);
  }
}
