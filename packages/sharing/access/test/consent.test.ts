/** S247, S248, S249: what a data subject allowed, when, to whom and for what, decides; and deny wins. */

import { CONSENT_STATES } from '@veritydb/kernel';
import { table } from '@veritydb/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Consent, type ConsentQuestion, decideConsent } from '../src/index.ts';

const QUESTION: ConsentQuestion = {
  recipient: 'lab',
  purpose: 'dpv:ScientificResearch',
  table: 'visits',
  at: 50n,
};

/** `recipient purpose tables state expiry`, `*` for all and for never; later ones are newer. */
function consentsOf(text: string): readonly Consent[] {
  return text
    .split(';')
    .filter((each) => each.trim() !== '')
    .map((each, offset) => {
      const [recipient, purpose = '', tables = '', state, expiry] = each.trim().split(/\s+/);
      return {
        consentId: `c${offset}`,
        recipient: recipient === '*' ? null : (recipient as string),
        purpose: `dpv:${purpose}`,
        tables: tables === '*' ? '*' : tables.split(','),
        state: state as Consent['state'],
        expiresAt: expiry === undefined ? null : BigInt(expiry),
        offset,
      };
    });
}

const CASES = `
  consents                                                                                    decision
                                                                                              none
  lab ScientificResearch * given                                                              given c0
  lab ScientificResearch * renewed                                                            given c0
  lab ScientificResearch * requested                                                          pending c0
  lab ScientificResearch * deferred                                                           pending c0
  lab ScientificResearch * refused                                                            refused c0
  lab ScientificResearch * withdrawn                                                          withdrawn c0
  lab ScientificResearch * revoked                                                            revoked c0
  lab ScientificResearch * invalidated                                                        invalidated c0
  # Expiry: the moment itself is too late.
  lab ScientificResearch * given 51                                                           given c0
  lab ScientificResearch * given 50                                                           expired c0
  # Whom, and of what.
  * ScientificResearch * given                                                                given c0
  other ScientificResearch * given                                                            none
  lab ScientificResearch notes,visits given                                                   given c0
  lab ScientificResearch notes given                                                          none
  # A wider purpose covers its cases, a narrower one does not cover what it is a case of.
  lab ResearchAndDevelopment * given                                                          given c0
  lab CommercialResearch * given                                                              none
  lab Marketing * given                                                                       none
  # Within a scope the newest decision speaks.
  lab ScientificResearch * given; lab ScientificResearch * withdrawn                          withdrawn c1
  lab ScientificResearch * withdrawn; lab ScientificResearch * given                          given c1
  lab ScientificResearch * refused; lab ScientificResearch * given                            given c1
  lab ScientificResearch * given; lab ScientificResearch * requested                          given c0
  # Over scopes a no wins, newer or older, wider or narrower.
  * ScientificResearch * given; lab ScientificResearch * withdrawn                            withdrawn c1
  lab ScientificResearch * withdrawn; * ScientificResearch * given                            withdrawn c0
  lab ScientificResearch * given; * ResearchAndDevelopment * refused                          refused c1
  lab ResearchAndDevelopment * given; lab ScientificResearch visits refused                   refused c1
  lab ScientificResearch * given; lab ScientificResearch notes refused                        given c0
  lab ScientificResearch * given; other ScientificResearch * refused                          given c0
  # An end that is not the subject's own is no veto.
  lab ScientificResearch * given; * ScientificResearch * revoked                              given c0
`;

describe('consent decisions', () => {
  it.each(table(CASES))('$consents → $decision', ({ consents = '', decision }) => {
    const { permit, reason, consentId } = decideConsent(consentsOf(consents), QUESTION);
    expect([reason, consentId].filter((each) => each !== null).join(' ')).toBe(decision);
    expect(permit).toBe(reason === 'given');
  });

  it('a no to a case of a purpose is a no to the whole purpose', () => {
    const consents = consentsOf(
      'lab ResearchAndDevelopment * given; lab ScientificResearch * refused',
    );
    const asked = { ...QUESTION, purpose: 'dpv:ResearchAndDevelopment' };
    expect(decideConsent(consents, asked)).toMatchObject({ permit: false, reason: 'refused' });
  });

  const consent: fc.Arbitrary<Omit<Consent, 'offset' | 'consentId'>> = fc.record({
    recipient: fc.constantFrom(null, 'lab', 'other'),
    purpose: fc.constantFrom(
      'dpv:ScientificResearch',
      'dpv:ResearchAndDevelopment',
      'dpv:Marketing',
    ),
    tables: fc.constantFrom<Consent['tables']>('*', ['visits'], ['notes']),
    state: fc.constantFrom(...CONSENT_STATES),
    expiresAt: fc.constantFrom(null, 10n, 90n),
  });

  it('never depend on the order in which records are read', () => {
    const consents = fc
      .array(consent, { maxLength: 8 })
      .map((list) => list.map((each, offset) => ({ ...each, offset, consentId: `c${offset}` })));
    fc.assert(
      fc.property(consents, fc.infiniteStream(fc.nat()), (list, keys) => {
        const shuffled = list
          .map((each) => ({ each, key: keys.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ each }) => each);
        const { permit } = decideConsent(list, QUESTION);
        expect(decideConsent(shuffled, QUESTION).permit).toBe(permit);
      }),
    );
  });

  it('never become a yes by a withdrawal of any consent', () => {
    fc.assert(
      fc.property(fc.array(consent, { minLength: 1, maxLength: 8 }), fc.nat(), (list, pick) => {
        const before = list.map((each, offset) => ({ ...each, offset, consentId: `c${offset}` }));
        const which = pick % before.length;
        const after = before.map((each, index) =>
          index === which ? { ...each, state: 'withdrawn' as const, offset: 99 } : each,
        );
        if (decideConsent(before, QUESTION).permit) return;
        expect(decideConsent(after, QUESTION).permit).toBe(false);
      }),
    );
  });
});
