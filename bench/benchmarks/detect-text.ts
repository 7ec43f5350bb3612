/** Sentences a second in which personal data is looked for; the peer looks for addresses of mail alone. */

import { detectEntities } from '@veritydb/privacy';

import type { Benchmark } from '../benchmark.ts';

const SENTENCES: readonly string[] = [
  'Please send the report to anna.lee@example.com by Friday.',
  'My name is Krisztián Szöllősy and I live at 28245 Puruntie 82 Apt. 595, Lappeenranta 53650, Finland.',
  'Can I withdraw cash using my card 4111 1111 1111 1111 at the ATM center?',
  'Dr. Kyle Okafor of Civic Impulse LLC called from +44 20 7946 0958 about case 77 of 2021.',
  'The patient, a 45-year-old woman from Ohio, was admitted on 2020-03-04 with headaches.',
  'How do I open my credit card statement when nothing of it is there?',
  'i have lost my card. could you please block it asap? my name is lena andersson.',
  'Transfer it to DE89 3704 0044 0532 0130 00, or ask 192.0.2.7 why it is not at http://example.com/pay.',
];
const REPETITIONS = 20;
const MAIL = /[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}/gi;

export const detectText: Benchmark = {
  name: 'detect-text',
  ours: 'personal data in a sentence',
  peer: 'one pattern for mail addresses',
  unit: 'sentence',
  clock: 'cpu',
  goal: { of: 'rate', floor: 500, stretch: 2000 },
  open: () => ({
    ours: { run: () => each((sentence) => detectEntities(sentence)) },
    peer: { run: () => each((sentence) => sentence.match(MAIL)) },
  }),
};

function each(look: (sentence: string) => unknown): number {
  for (let index = 0; index < REPETITIONS; index += 1) SENTENCES.forEach(look);
  return REPETITIONS * SENTENCES.length;
}
