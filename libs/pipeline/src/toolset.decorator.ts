import { Injectable } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { ToolsetMark, type ToolsetOptions } from './registry/toolset-mark.js';
import { GUARD_STAGES } from './stages/guard-stages.js';

/**
 * Makes a class a provider of tools, resources and prompts, and puts the platform's stages before every method. Guards
 * of a class run before those of its methods, and the platform's stand first among those of the class, wherever an
 * author has written his: his guards run after them, his interceptors inside of the stages.
 */
export function Toolset(options: ToolsetOptions): ClassDecorator {
  return (target) => {
    Injectable()(target);
    ToolsetMark(options)(target);
    const own = (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as unknown[];
    Reflect.defineMetadata(GUARDS_METADATA, [...GUARD_STAGES, ...own], target);
  };
}
