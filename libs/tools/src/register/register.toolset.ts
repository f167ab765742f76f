import { Resource, type ResourceContents } from '@app/mcp';
import { OperationRegistry, Toolset, WcgwRegister } from '@app/pipeline';
import { toolFingerprint } from './tool-fingerprint.js';

/** What could go wrong with this server, and what its tools are, for whoever works with it. */
@Toolset({ name: 'core', scope: 'core', core: true })
export class RegisterResources {
  constructor(
    private readonly register: WcgwRegister,
    private readonly registry: OperationRegistry,
  ) {}

  @Resource({
    uri: 'wcgw://register',
    name: 'wcgw_register',
    title: 'What could go wrong',
    description: 'Every failure the server knows of, per tool and component, with what mitigates it.',
    mimeType: 'application/json',
  })
  read(): ResourceContents {
    const entries = this.register.entries().map(({ who, risk, failure, mitigatedBy, waivedBecause }) => ({
      who,
      ...(risk && { risk }),
      failure,
      mitigated_by: mitigatedBy,
      ...(waivedBecause && { waived_because: waivedBecause }),
    }));
    return { uri: 'wcgw://register', mimeType: 'application/json', text: JSON.stringify({ entries }) };
  }

  /** A gateway that pinned these compares them, or the definitions it is served, and notices a tool that has changed. */
  @Resource({
    uri: 'tools://lock',
    name: 'tools_lock',
    title: 'Fingerprints of the tools',
    description: 'SHA-256 of each tool definition as RFC 8785 JSON, to notice one that has changed.',
    mimeType: 'application/json',
  })
  lock(): ResourceContents {
    const tools = Object.fromEntries(
      this.registry.toolDefinitions().map((definition) => [definition.name, toolFingerprint(definition)]),
    );
    return { uri: 'tools://lock', mimeType: 'application/json', text: JSON.stringify({ tools }) };
  }
}
