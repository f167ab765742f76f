import { Body, Get, HttpCode, NotFoundException, Optional, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNotEmpty, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Principal } from '@app/mcp';
import {
  AnchorFiles,
  type AuditAnswer,
  AuditErasure,
  type AuditVerdict,
  DurableAudit,
  queryAudit,
  verifyAudit,
} from '@app/security';
import { SqlDatabase } from '@app/storage';
import { AdminController, Operator } from './admin.decorators.js';
import { checkReaches, reachOf } from './operator-reach.js';

const Text =
  (description: string): PropertyDecorator =>
  (target, name) => {
    for (const each of [ApiPropertyOptional({ description }), IsOptional(), IsString(), MaxLength(1_000)])
      each(target, name);
  };
const Whole =
  (min: number, max: number, description: string): PropertyDecorator =>
  (target, name) => {
    for (const each of [
      ApiPropertyOptional({ description }),
      IsOptional(),
      Type(() => Number),
      IsInt(),
      Min(min),
      Max(max),
    ])
      each(target, name);
  };
const LATEST = 8.64e15;

class RecordsWanted {
  @Whole(0, LATEST, 'Milliseconds since 1970')
  since?: number;

  @Whole(0, LATEST, 'Milliseconds since 1970')
  until?: number;

  @Text('Of the caller')
  tenant?: string;

  @Text('The caller')
  subject?: string;

  @Text('Tool, prompt, list or event')
  operation?: string;

  @Text('success, or a code')
  decision?: string;

  @Text('The id a caller was told')
  callId?: string;

  @Text('Of an earlier answer to the same question')
  cursor?: string;

  @Whole(1, 1_000, 'Records in one answer')
  limit?: number;
}

class Erasure {
  @ApiPropertyOptional({ description: 'Of the person; default: that of the operator' })
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  tenant?: string;

  @ApiProperty({ description: 'The person' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1_000)
  subject!: string;
}

class Erased {
  @ApiProperty({ description: 'Records that have nothing personal any more' })
  records!: number;
}

/** What was recorded. An operator of a tenant reads that of his tenant, and erases what is personal there. */
@AdminController('audit')
export class AuditController {
  constructor(
    @Optional() private readonly database?: SqlDatabase,
    @Optional() private readonly audit?: DurableAudit,
    @Optional() private readonly erasure?: AuditErasure,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Records, by time, caller, operation and decision' })
  @ApiOkResponse({ type: Object })
  query(@Operator() operator: Principal, @Query() wanted: RecordsWanted): Promise<AuditAnswer> {
    const { database } = this.kept();
    return queryAudit(database, { ...wanted, tenant: reachOf(operator) ?? wanted.tenant });
  }

  @Get('verify')
  @ApiOperation({ summary: 'Whether every record is as it was recorded' })
  @ApiOkResponse({ type: Object })
  async verify(@Operator() operator: Principal): Promise<AuditVerdict> {
    const { database, audit } = this.kept();
    // Findings name records of all tenants.
    if (reachOf(operator) !== undefined) throw new NotFoundException();
    return verifyAudit(database, {
      publicKeys: [audit.key.publicKey],
      anchors: await new AnchorFiles(audit.folder).read(),
    });
  }

  @Post('erasures')
  @HttpCode(200)
  @ApiOperation({ summary: 'Remove what is personal of one person; cannot be undone' })
  @ApiOkResponse({ type: Erased })
  async erase(
    @Operator() operator: Principal,
    @Body() { tenant = operator.tenant, subject }: Erasure,
  ): Promise<Erased> {
    const { erasure } = this.kept();
    checkReaches(operator, tenant);
    return { records: await erasure.erase({ tenant, subject }, operator) };
  }

  private kept(): { database: SqlDatabase; audit: DurableAudit; erasure: AuditErasure } {
    const { database, audit, erasure } = this;
    if (database === undefined || audit === undefined || erasure === undefined)
      throw new NotFoundException('The audit of this server is in its log only.');
    return { database, audit, erasure };
  }
}
