/** The one fold: commands applied, events read back and rows loaded come to the same state. */

import { nativeCrypto } from '@veritydb/crypto/native';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type KernelState,
  decodeEvent,
  encodeEvent,
  evolve,
  evolveConsent,
  evolveHold,
  evolvePolicy,
  evolveTable,
  initialState,
  reservedTable,
} from '../src/index.ts';
import { sealEvent, show } from './arbitrary.ts';
import { KernelHouse, outcomeOf } from './kernel-house.ts';

const name = fc.constantFrom('people', 'other', 'third');
const id = fc.constantFrom('x1', 'x2', 'x3');
const row = fc.nat(3);
const text: fc.Arbitrary<string> = fc.oneof(
  name.map((each) => `create ${each}`),
  name.map((each) => `drop ${each}`),
  fc.tuple(name, row).map(([each, key]) => `insert ${each} ${key} ann`),
  fc.tuple(name, row, fc.nat(40)).map(([each, key, at]) => `update ${each} ${key} bob @${at}`),
  fc.tuple(name, row, fc.nat(40)).map(([each, key, at]) => `delete ${each} ${key} bob @${at}`),
  fc.tuple(name, fc.nat(9)).map(([each, version]) => `policy ${each} ${version}`),
  fc.tuple(id, name).map(([token, policy]) => `issue ${token} ${policy} 1`),
  id.map((token) => `revoke ${token}`),
  id.map((consent) => `consent ${consent} given`),
  id.map((consent) => `now ${consent} renewed 9`),
  id.map((consent) => `now ${consent} withdrawn`),
  fc.tuple(id, id).map(([access, token]) => `intent ${access} ${token}`),
  fc.tuple(id, id).map(([access, question]) => `noisy ${access} ${question} 1 3`),
  fc.tuple(id, id, id).map(([first, access, token]) => `export ${first} ${access} ${token}`),
  fc.tuple(id, id, id).map(([first, access, token]) => `publish ${first} ${access} ${token} 3 1`),
  fc.tuple(id, id).map(([source, code]) => `mint d:${source}:${code}`),
  fc.tuple(id, id).map(([hold, subject]) => `hold ${hold} ${subject}`),
  id.map((hold) => `release ${hold}`),
  fc.tuple(row, id).map(([key, subject]) => `erase ${key + 1} ${subject}`),
);

/** The state as opening a store makes it: from the newest rows, in the order of their keys. */
function loadRows(house: KernelHouse): KernelState {
  let state = initialState(nativeCrypto);
  const tables = house.rowsOf(reservedTable(state, 'verity_tables'));
  const policies = house.rowsOf(reservedTable(state, 'verity_policies'));
  for (const { values } of tables.toSorted((a, b) => Number(a.values[0]) - Number(b.values[0]))) {
    state = evolveTable(state, values, nativeCrypto);
  }
  for (const { values } of policies) state = evolvePolicy(state, values);
  const holds = house.rowsOf(reservedTable(state, 'verity_holds'));
  for (const { values } of holds) state = evolveHold(state, values);
  const consents = house.rowsOf(reservedTable(state, 'verity_consents'));
  for (const { values } of consents) state = evolveConsent(state, values[1] as number);
  return state;
}

describe('the state', () => {
  // S010, S044: all state is a view of the events.
  it('is the same applied, read back from the log, and loaded from the rows', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), (commands) => {
        const house = new KernelHouse();
        let read = initialState(nativeCrypto);
        for (const command of commands) {
          const refused = outcomeOf(house, command).startsWith('ERR_');
          if (refused) continue;
          const event = house.events.at(-1);
          if (event === undefined) throw new Error('no event');
          const sealed = sealEvent(event, [], null);
          const bytes = encodeEvent(event, sealed.parts);
          const decoded = decodeEvent(bytes, read.tablesById, show);
          expect(decoded).toEqual(sealed.decoded);
          read = evolve(read, decoded, nativeCrypto);
          expect(read).toEqual(house.state);
        }
        expect(loadRows(house)).toEqual(house.state);
      }),
    );
  });

  it('is not copied where nothing of it changes', () => {
    const house = new KernelHouse();
    outcomeOf(house, 'create people');
    const { state } = house;
    for (const command of ['insert people 1 ann', 'intent a1 t1', 'mint d:x:y']) {
      outcomeOf(house, command);
      expect(house.state).toBe(state);
    }
  });

  it('counts changes of the catalogue alike after a drop', () => {
    const house = new KernelHouse();
    for (const command of ['create people', 'drop people', 'create people']) {
      outcomeOf(house, command);
    }
    expect(house.state.schemaVersion).toBe(3);
    expect(loadRows(house).schemaVersion).toBe(3);
  });
});
