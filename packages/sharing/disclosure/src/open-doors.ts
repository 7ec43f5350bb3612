/** Opens the sharing layer of a tenant: what recipients and the operator are given to call. */

import type { Administration, Gateway } from './gateway.ts';
import type { House } from './house.ts';
import { openAdministration } from './open-administration.ts';
import { openGateway } from './open-gateway.ts';
import { TokenRegistry } from './token-registry.ts';

export interface OpenDoors {
  readonly gateway: Gateway;
  readonly administration: Administration;
}

export async function openDoors(house: House): Promise<OpenDoors> {
  const tokens = await TokenRegistry.open(house);
  return {
    gateway: openGateway(house, tokens),
    administration: openAdministration(house, tokens),
  };
}
