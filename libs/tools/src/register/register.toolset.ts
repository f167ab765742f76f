import { Resource, type ResourceContents } from '@app/mcp';
import { Toolset, WcgwRegister } from '@app/pipeline';

/** What could go wrong with this server, for whoever works with it. */
@Toolset({ name: 'core', scope: 'core', core: true })
export class RegisterResources {
  constructor(private readonly register: WcgwRegister) {}

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
}
