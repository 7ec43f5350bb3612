/** Every kind of command against its table of cases: one line a command, in one log. */

import { expectCode, table } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { KernelHouse, outcomeOf, parseCommand } from './kernel-house.ts';

const CASES = {
  'the catalogue': `
    at  command               outcome
    0   create people         insert tables 1000 people false
    0   create people         ERR_KERNEL_TABLE_EXISTS
    0   create verity_tokens  ERR_KERNEL_RESERVED
    0   create verity_mine    ERR_KERNEL_RESERVED
    0   create People         ERR_TYPES_SCHEMA
    0   create 1people        ERR_TYPES_SCHEMA
    0   drop nobody           ERR_KERNEL_TABLE_UNKNOWN
    0   drop verity_tokens    ERR_KERNEL_RESERVED
    0   insert people 1 ann   insert people 1 ann null
    0   drop people           update tables 1000 people true
    0   drop people           ERR_KERNEL_TABLE_UNKNOWN
    0   insert people 2 bob   ERR_KERNEL_TABLE_UNKNOWN
    0   insert #1000 2 bob    ERR_KERNEL_TABLE_UNKNOWN
    # The id of a dropped table is never given again, and its rows are not those of the new one.
    0   create people         insert tables 1001 people false
    0   insert people 1 ann   insert people 1 ann null
    0   insert #1000 2 bob    ERR_KERNEL_TABLE_UNKNOWN`,

  rows: `
    at  command                       outcome
    0   create people                 insert tables 1000 people false
    0   insert people 1 ann           insert people 1 ann null
    0   insert people 1 bob           ERR_KERNEL_KEY_EXISTS
    0   insert people 2 bob x         insert people 2 bob x
    # Types and NOT NULL.
    0   insert people three bob       ERR_KERNEL_ROW
    0   insert people 3.5 bob         ERR_KERNEL_ROW
    0   insert people 2147483648 bob  ERR_KERNEL_ROW
    0   insert people 3 4             ERR_KERNEL_ROW
    0   insert people null bob        ERR_KERNEL_NOT_NULL
    0   insert people 3 null          ERR_KERNEL_NOT_NULL
    0   insert people 3               ERR_KERNEL_ROW
    0   insert people 3 bob x y       ERR_KERNEL_ROW
    # Only who saw the newest version replaces it. The inserts above are records 1 and 2.
    0   update people 1 eve @2        ERR_KERNEL_ROW_MOVED
    0   update people 1 eve @0        ERR_KERNEL_ROW_MOVED
    0   update people 9 eve @1        ERR_KERNEL_ROW_MOVED
    0   update people 1 null @1       ERR_KERNEL_NOT_NULL
    0   update people 1 eve @1        update people 1 eve null
    0   update people 1 eve @1        ERR_KERNEL_ROW_MOVED
    0   delete people 1 eve @1        ERR_KERNEL_ROW_MOVED
    # A deletion keeps the key and the data subject, and nothing else.
    0   delete people 2 bob x @2      delete people 2 bob null
    0   delete people 2 bob x @2      ERR_KERNEL_ROW_MOVED
    0   update people 2 bob x @2      ERR_KERNEL_ROW_MOVED
    0   insert people 2 kim           insert people 2 kim null
    0   update people 2 bob x @2      ERR_KERNEL_ROW_MOVED`,

  'holds and erasures': `
    at  command       outcome
    0   hold h1 ann   insert holds h1 placed
    0   hold h1 bob   ERR_KERNEL_HOLD_EXISTS
    0   hold h2 ann   insert holds h2 placed
    0   erase 9 ann   ERR_KERNEL_HELD
    0   release h3    ERR_KERNEL_HOLD_UNKNOWN
    0   release h1    update holds h1 released
    0   release h1    ERR_KERNEL_HOLD_UNKNOWN
    # One hold is enough.
    0   erase 9 ann   ERR_KERNEL_HELD
    0   erase 8 bob   insert erasures 8 requested null
    0   release h2    update holds h2 released
    0   erased 9      ERR_ASSERTION
    0   erase 9 ann   insert erasures 9 requested null
    0   erase 9 ann   ERR_KERNEL_ERASURE_EXISTS
    0   erased 9      update erasures 9 completed 3
    0   erased 9      ERR_ASSERTION
    0   erase 9 ann   ERR_KERNEL_ERASURE_EXISTS
    # Who comes back has another key, and may be erased again.
    0   erase 10 ann  insert erasures 10 requested null
    0   hold h1 ann   ERR_KERNEL_HOLD_EXISTS`,

  'several writes in one command': `
    at  command                                                       outcome
    0   create people                                                 insert tables 1000 people false
    0   insert people 1 ann; insert people 2 bob                      insert people 1 ann null, insert people 2 bob null
    # All or none.
    0   insert people 3 kim; insert people 1 eve                      ERR_KERNEL_KEY_EXISTS
    0   insert people 3 kim; insert people 3 eve                      ERR_KERNEL_KEY_EXISTS
    0   insert people 3 kim                                           insert people 3 kim null
    # A version that this command made has no offset to be expected by.
    0   insert people 4 lee; update people 4 leo @4                   ERR_KERNEL_ROW_MOVED
    0   update people 1 ada @1; update people 1 eve @1                ERR_KERNEL_ROW_MOVED
    0   update people 1 ada @1; insert people 1 eve                   ERR_KERNEL_KEY_EXISTS
    0   delete people 1 ann @1; update people 1 eve @1                ERR_KERNEL_ROW_MOVED
    0   delete people 1 ann @1; delete people 1 ann @1                ERR_KERNEL_ROW_MOVED
    0   delete people 1 ann @1; insert people 1 eve                   delete people 1 ann null, insert people 1 eve null
    0   delete people 1 eve @3; insert people 1 a; insert people 1 b  ERR_KERNEL_KEY_EXISTS
    0   update people 1 eva @3; delete people 2 bob @1                update people 1 eva null, delete people 2 bob null`,

  'tables of the database': `
    at  command                                          outcome
    0   create people                                    insert tables 1000 people false
    0   insert verity_tokens 1 ann                       ERR_KERNEL_RESERVED
    0   delete verity_access 1 ann @0                    ERR_KERNEL_RESERVED
    0   update #1 1 ann @0                               ERR_KERNEL_RESERVED
    0   insert #1001 1 ann                               ERR_KERNEL_TABLE_UNKNOWN
    0   insert people 1 ann; insert verity_tokens 1 ann  ERR_KERNEL_RESERVED
    0   insert people 1 ann                              insert people 1 ann null`,

  policies: `
    at  command          outcome
    0   policy clinic 1  insert policies clinic 1
    0   policy clinic 1  ERR_KERNEL_POLICY_VERSION
    0   policy clinic 3  insert policies clinic 3
    0   policy clinic 2  ERR_KERNEL_POLICY_VERSION
    0   policy other 1   insert policies other 1
    0   policy clinic 4  insert policies clinic 4`,

  tokens: `
    at  command            outcome
    0   issue t1 clinic 1  ERR_KERNEL_POLICY_UNKNOWN
    0   policy clinic 1    insert policies clinic 1
    0   issue t1 clinic 1  insert tokens t1 0 0 active
    0   issue t1 clinic 1  ERR_KERNEL_TOKEN_EXISTS
    0   revoke t2          ERR_KERNEL_TOKEN_UNKNOWN
    0   revoke t1          update tokens t1 0 0 revoked
    0   revoke t1          nothing
    0   issue t1 clinic 1  ERR_KERNEL_TOKEN_EXISTS`,

  consents: `
    at  command               outcome
    0   now c1 withdrawn      ERR_KERNEL_CONSENT_UNKNOWN
    0   consent c1 given      insert consents c1 1 given null
    0   consent c1 given      ERR_KERNEL_CONSENT_EXISTS
    0   now c1 given          ERR_KERNEL_CONSENT_STATE
    0   now c1 renewed 5      update consents c1 2 renewed 5
    0   now c1 renewed 7      update consents c1 3 renewed 7
    0   now c1 withdrawn      update consents c1 4 withdrawn 7
    # An end is an end: a change of mind is a consent of its own.
    0   now c1 withdrawn      ERR_KERNEL_CONSENT_STATE
    0   now c1 renewed 9      ERR_KERNEL_CONSENT_STATE
    0   consent c1 given      ERR_KERNEL_CONSENT_EXISTS
    0   consent c2 refused    insert consents c2 1 refused null
    0   now c2 given          ERR_KERNEL_CONSENT_STATE
    0   consent c3 requested  insert consents c3 1 requested null
    0   now c3 renewed 5      ERR_KERNEL_CONSENT_STATE
    0   now c3 deferred       update consents c3 2 deferred null
    0   now c3 given 5        update consents c3 3 given 5
    0   now c3 revoked        update consents c3 4 revoked 5`,

  'an answer that a change of consent overtook': `
    at  command           outcome
    0   intent a1 t1      insert access a1 intent pending
    0   consented a1 1    ERR_KERNEL_ANSWER_MOVED
    0   consent c1 given  insert consents c1 1 given null
    0   now c1 withdrawn  update consents c1 2 withdrawn null
    0   consented a1 1    ERR_KERNEL_ANSWER_MOVED
    0   consented a1 2    insert access a1 outcome allowed`,

  'budgets are of recipient, table and hour': `
    at    command         outcome
    0     intent a1 t1    insert access a1 intent pending
    0     intent a2 t2    insert access a2 intent pending
    0     intent a3 t3    insert access a3 intent pending
    0     charged a1 11   ERR_KERNEL_BUDGET_SPENT
    0     charged a1 6    insert budgets people 1 6 12 0, insert access a1 outcome allowed
    0     charged a2 5    ERR_KERNEL_BUDGET_SPENT
    3599  charged a2 4 0  update budgets people 2 10 20 1, insert access a2 outcome allowed
    3599  charged a3 1    ERR_KERNEL_BUDGET_SPENT
    # A statistic is checked against all that were told before: another one came between.
    3600  charged a3 1 0  ERR_KERNEL_ANSWER_MOVED
    3600  charged a3 1 1  update budgets people 1 1 2 2, insert access a3 outcome allowed`,

  'questions are counted where they are limited': `
    at  command                outcome
    0   policy clinic 1        insert policies clinic 1
    0   issue t1 clinic any 2  insert tokens t1 0 0 active
    0   issue t2 clinic any    insert tokens t2 0 0 active
    0   intent a1 t1 spends    update tokens t1 0 1 active, insert access a1 intent pending
    0   intent a2 t1 spends    update tokens t1 0 2 active, insert access a2 intent pending
    0   intent a3 t1 spends    ERR_KERNEL_TOKEN_SPENT
    0   intent a3 t1           insert access a3 intent pending
    0   intent a4 t2 spends    insert access a4 intent pending`,

  'a token that was cut from another spends both, and ends with it': `
    at  command                 outcome
    0   policy clinic 1         insert policies clinic 1
    0   issue t2 clinic 1 9 t1  ERR_KERNEL_TOKEN_UNKNOWN
    0   issue t1 clinic 1 9     insert tokens t1 0 0 active
    0   issue t2 clinic 1 9 t1  insert tokens t2 0 0 active
    0   issue t3 clinic 1 9 t1  insert tokens t3 0 0 active
    0   intent a1 t2 spends     update tokens t2 0 1 active, update tokens t1 0 1 active, insert access a1 intent pending
    0   export e1 a1 t2         insert exports e1 lab, update tokens t2 1 1 active, update tokens t1 1 1 active, insert access a1 outcome allowed
    0   intent a2 t3            insert access a2 intent pending
    0   export e2 a2 t3         ERR_KERNEL_TOKEN_SPENT
    0   revoke t1               update tokens t1 1 1 revoked
    0   export e2 a2 t3         ERR_KERNEL_TOKEN_REVOKED
    0   issue t4 clinic 1 9 t2  ERR_KERNEL_TOKEN_REVOKED`,

  'access records': `
    at  command       outcome
    0   outcome a1    ERR_KERNEL_ACCESS_UNKNOWN
    # An intent asks for no right: a refusal is recorded as well.
    0   intent a1 t1  insert access a1 intent pending
    0   intent a1 t1  ERR_KERNEL_ACCESS_EXISTS
    0   outcome a1    insert access a1 outcome allowed
    0   outcome a1    ERR_KERNEL_ACCESS_EXISTS
    0   intent a1 t1  ERR_KERNEL_ACCESS_EXISTS`,

  'exports spend their token': `
    at  command              outcome
    0   policy clinic 1      insert policies clinic 1
    0   issue t1 clinic 1    insert tokens t1 0 0 active
    0   issue t2 clinic 2    insert tokens t2 0 0 active
    0   issue t3 clinic any  insert tokens t3 0 0 active
    1   export e1 a1 t1      ERR_KERNEL_ACCESS_UNKNOWN
    1   intent a1 t1         insert access a1 intent pending
    1   export e1 a1 t9      ERR_KERNEL_TOKEN_UNKNOWN
    1   export e1 a1 t1      insert exports e1 lab, update tokens t1 1 0 active, insert access a1 outcome allowed
    1   export e1 a1 t1      ERR_KERNEL_EXPORT_EXISTS
    1   export e2 a1 t1      ERR_KERNEL_ACCESS_EXISTS
    1   intent a2 t1         insert access a2 intent pending
    1   export e2 a2 t1      ERR_KERNEL_TOKEN_SPENT
    # Nothing of what was refused is there: the same access has its outcome, and the id is free.
    1   export e2 a2 t2      insert exports e2 lab, update tokens t2 1 0 active, insert access a2 outcome allowed
    1   intent a3 t2         insert access a3 intent pending
    1   export e3 a3 t2      insert exports e3 lab, update tokens t2 2 0 active, insert access a3 outcome allowed
    1   intent a4 t2         insert access a4 intent pending
    1   export e4 a4 t2      ERR_KERNEL_TOKEN_SPENT
    1   outcome a4           insert access a4 outcome allowed
    1   intent a5 t3         insert access a5 intent pending
    1   revoke t3            update tokens t3 0 0 revoked
    1   export e5 a5 t3      ERR_KERNEL_TOKEN_REVOKED`,

  'the first export of a released table fixes what the later ones are of': `
    at  command                  outcome
    0   policy clinic 1          insert policies clinic 1
    0   issue t1 clinic any      insert tokens t1 0 0 active
    1   intent a1 t1             insert access a1 intent pending
    1   publish e1 a1 t1 3 1     insert exports e1 lab, update tokens t1 1 0 active, insert releases people 3 {"age":1} open, insert access a1 outcome allowed
    1   intent a2 t1             insert access a2 intent pending
    # Another position, or other levels: made before the first was recorded, so made again.
    1   publish e2 a2 t1 4 1     ERR_KERNEL_ANSWER_MOVED
    1   publish e2 a2 t1 3 2     ERR_KERNEL_ANSWER_MOVED
    1   publish e2 a2 t1 3 1     insert exports e2 lab, update tokens t1 2 0 active, insert access a2 outcome allowed
    1   close-release lab cities ERR_KERNEL_RELEASE_UNKNOWN
    1   close-release ann people ERR_KERNEL_RELEASE_UNKNOWN
    1   close-release lab people update releases people 3 {"age":1} closed
    1   close-release lab people ERR_KERNEL_RELEASE_UNKNOWN
    1   intent a3 t1             insert access a3 intent pending
    1   publish e3 a3 t1 4 0     insert exports e3 lab, update tokens t1 3 0 active, update releases people 4 {"age":0} open, insert access a3 outcome allowed`,

  'noisy answers spend the privacy budget, and are kept': `
    at  command              outcome
    0   policy clinic 1      insert policies clinic 1
    0   issue t1 clinic any  insert tokens t1 0 0 active
    1   intent a1 t1         insert access a1 intent pending
    1   noisy a1 count 3 5   insert privacy_budgets people 3 1, insert noisy_answers a1 3 [[7]], insert access a1 outcome allowed
    1   intent a2 t1         insert access a2 intent pending
    # The same question was answered while this one was drawn: it is told again, not drawn again.
    1   noisy a2 count 1 5   ERR_KERNEL_ANSWER_MOVED
    # Two at once do not overdraw.
    1   noisy a2 sum 3 5     ERR_KERNEL_PRIVACY_SPENT
    1   noisy a2 sum 2 5     update privacy_budgets people 5 2, insert noisy_answers a2 2 [[7]], insert access a2 outcome allowed
    1   intent a3 t1         insert access a3 intent pending
    1   noisy a3 avg 1 5     ERR_KERNEL_PRIVACY_SPENT
    # Another policy may have more; what is spent stays spent.
    1   noisy a3 avg 1 6     update privacy_budgets people 6 3, insert noisy_answers a3 1 [[7]], insert access a3 outcome allowed
    1   intent a4 t1         insert access a4 intent pending
    1   noisy a4 max 1 9     update privacy_budgets people 7 4, insert noisy_answers a4 1 [[7]], insert access a4 outcome allowed`,

  'a token expires by the time of the log': `
    at   command              outcome
    0    policy clinic 1      insert policies clinic 1
    0    issue t1 clinic any  insert tokens t1 0 0 active
    99   intent a1 t1         insert access a1 intent pending
    99   export e1 a1 t1      insert exports e1 lab, update tokens t1 1 0 active, insert access a1 outcome allowed
    99   intent a2 t1         insert access a2 intent pending
    100  export e2 a2 t1      ERR_KERNEL_TOKEN_EXPIRED
    101  export e2 a2 t1      ERR_KERNEL_TOKEN_EXPIRED
    101  outcome a2           insert access a2 outcome allowed`,

  'a proof of possession is taken once': `
    at  command    outcome
    0   prove one  insert proofs 0
    1   prove two  insert proofs 1000000
    2   prove one  ERR_KERNEL_PROOF_USED
    99  prove two  ERR_KERNEL_PROOF_USED`,

  'surrogates are minted once': `
    at  command                  outcome
    0   mint d:x:one d:y:two     insert surrogates d one, insert surrogates d two
    0   mint d:x:three           nothing
    0   mint d:x:three d:z:four  insert surrogates d four
    0   mint e:x:five            insert surrogates e five
    0   mint d:w:six d:w:seven   insert surrogates d six
    0   mint d:w:eight           nothing`,
};

// S044: (state, command) to state and event, or a refusal that changes nothing.
describe('apply', () => {
  it.each(Object.entries(CASES))('%s', (_, text) => {
    const house = new KernelHouse();
    for (const { at, command = '', outcome } of table(text)) {
      const before = { state: house.state, count: house.nextOffset };
      const found = outcomeOf(house, command, Number(at));
      expect(`${command} → ${found}`).toBe(`${command} → ${outcome}`);
      // A refusal changes nothing.
      if (!found.startsWith('ERR_')) continue;
      expect(house.state).toBe(before.state);
      expect(house.nextOffset).toBe(before.count);
    }
  });

  it('an export and its outcome are of one access', () => {
    const house = new KernelHouse();
    const command = parseCommand(house, 'export e1 a1 t1');
    if (command.kind !== 'record-export') throw new Error('no export');
    const outcome = { ...command.outcome, accessId: 'a2' };
    expectCode(() => house.run({ ...command, outcome }), 'ERR_ASSERTION');
  });
});
