import { applyDecorators, Injectable, UseGuards } from '@nestjs/common';
import { ToolsetMark, type ToolsetOptions } from './registry/toolset-mark.js';
import { InputValidationGuard } from './stages/input-validation.guard.js';
import { IntentGuard } from './stages/intent.guard.js';
import { PrincipalGuard } from './stages/principal.guard.js';

/** The stages that Nest carries out as guards, in the order of the one list (`stages/stages.ts`). */
export const GUARD_STAGES = [PrincipalGuard, InputValidationGuard, IntentGuard] as const;

/**
 * Makes a class a provider of tools, resources and prompts, and puts the platform's stages around every
 * method. One class decorator, because guards of a class run before those of its methods: an author's own
 * guards run after the platform's, his interceptors inside of its stages.
 */
export const Toolset = (options: ToolsetOptions): ClassDecorator =>
  applyDecorators(Injectable(), ToolsetMark(options), UseGuards(...GUARD_STAGES));
