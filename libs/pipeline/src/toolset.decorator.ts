import { Injectable } from '@nestjs/common';
import { ToolsetMark, type ToolsetOptions } from './registry/toolset-mark.js';

/**
 * Makes a class a provider of tools, resources and prompts. The platform's stages stand before and around every method
 * of every toolset, whatever enhancers its author, or the application, adds.
 */
export function Toolset(options: ToolsetOptions): ClassDecorator {
  return (target) => {
    Injectable()(target);
    ToolsetMark(options)(target);
  };
}
