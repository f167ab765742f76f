import { Body, Delete, Get, HttpCode, NotFoundException, Optional, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { PolicySource } from '@app/config';
import { type Principal, principalKey, ServerError } from '@app/mcp';
import { type ApiKey, ApiKeys, DurableAudit, type MadeApiKey, SecurityEvents } from '@app/security';
import { AdminController, Operator } from './admin.decorators.js';
import { checkHandsOn, reachOf } from './operator-reach.js';

const DAY_MS = 86_400_000;

class NewKey {
  @ApiProperty({ description: 'What its owner calls it' })
  @IsString()
  @MaxLength(200)
  name!: string;

  @ApiProperty({ description: 'Who calls with it' })
  @IsString()
  @MaxLength(200)
  subject!: string;

  @ApiProperty({ required: false, description: 'Default: that of the operator' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  tenant?: string;

  @ApiProperty({ type: [String], description: 'family:action, family:* or *' })
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  scopes!: string[];

  @ApiProperty({ type: [String], required: false, description: 'Of the policy file' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  roles?: string[];

  @ApiProperty({ required: false, description: 'Milliseconds since 1970' })
  @IsOptional()
  @IsInt()
  expiresAt?: number;
}

class Rotation {
  @ApiProperty({ required: false, description: 'Milliseconds for which the old key goes on; default a day' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(30 * DAY_MS)
  graceMs?: number;
}

/** A key that was just made; its text is never shown again. */
class MadeKey {
  @ApiProperty({ type: Object })
  key!: ApiKey;

  @ApiProperty()
  text!: string;
}

/** API keys of callers. An operator of a tenant sees and makes those of his tenant, with no more than he holds. */
@AdminController('keys')
export class KeysController {
  constructor(
    private readonly events: SecurityEvents,
    private readonly policy: PolicySource,
    @Optional() private readonly kept?: ApiKeys,
    @Optional() private readonly audit?: DurableAudit,
  ) {}

  private get keys(): ApiKeys {
    if (this.kept === undefined) throw new NotFoundException('This server has no database to keep keys in.');
    return this.kept;
  }

  @Get()
  @ApiOperation({ summary: 'All keys, without their secrets' })
  @ApiOkResponse({ type: [Object] })
  list(@Operator() operator: Principal): Promise<readonly ApiKey[]> {
    return this.keys.list(reachOf(operator));
  }

  @Post()
  @ApiOperation({ summary: 'Make a key; its text is in this answer only' })
  @ApiCreatedResponse({ type: MadeKey })
  async create(
    @Operator() operator: Principal,
    @Body() { tenant = operator.tenant, roles = [], ...rest }: NewKey,
  ): Promise<MadeApiKey> {
    const given = { ...rest, tenant, roles, createdBy: principalKey(operator) };
    checkHandsOn(operator, given, this.policy.current());
    this.checkRecords();
    const made = await this.keys.create(given);
    await this.record(operator, 'key_created', { id: made.key.id, tenant }, made.key.id);
    return made;
  }

  @Post(':id/rotate')
  @HttpCode(201)
  @ApiOperation({ summary: 'Make a key in the place of another' })
  @ApiCreatedResponse({ type: MadeKey })
  async rotate(
    @Operator() operator: Principal,
    @Param('id') id: string,
    @Body() rotation?: Rotation,
  ): Promise<MadeApiKey> {
    const graceMs = rotation?.graceMs ?? DAY_MS;
    const old = (await this.keys.list(reachOf(operator))).find((key) => key.id === id);
    if (old === undefined) throw new ServerError('NOT_FOUND', 'There is no such key among those that are listed.');
    // Whoever exchanges a key holds the text of another like it then.
    checkHandsOn(operator, old, this.policy.current());
    this.checkRecords();
    const made = await this.keys.rotate(id, graceMs, principalKey(operator), reachOf(operator));
    await this.record(operator, 'key_rotated', { id, to: made.key.id }, made.key.id);
    return made;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a key, within a second on every server' })
  @ApiNoContentResponse()
  async revoke(@Operator() operator: Principal, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(id, reachOf(operator));
    await this.record(operator, 'key_revoked', { id });
  }

  /** What was exchanged cannot be taken back whole, so it is asked before whether it would be recorded. */
  private checkRecords(): void {
    if (this.audit?.isWritable === false) throw new ServerError('POLICY_UNAVAILABLE', 'The audit takes no records.');
  }

  /** @param made a key that is taken back where it cannot be recorded: there is none that nobody knows of */
  private async record(
    { tenant, subject, actors, via }: Principal,
    operation: 'key_created' | 'key_rotated' | 'key_revoked',
    details: Readonly<Record<string, string>>,
    made?: string,
  ): Promise<void> {
    try {
      await this.events.record({ operation, tenant, subject, actors, via, details });
    } catch (error) {
      if (made !== undefined) await this.keys.revoke(made);
      throw error;
    }
  }
}
