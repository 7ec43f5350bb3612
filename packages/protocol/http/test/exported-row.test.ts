import { expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

const PUBLIC_URL = 'http://127.0.0.1:7420';
const ID = 'ab'.repeat(16);

test('a row of an export goes out as it is signed, and nowhere stays', async () => {
  const house = furnishedHouse();
  const app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: null,
    version: '1.2.3',
    publicUrl: PUBLIC_URL,
    onInternalError: (error) => {
      throw error;
    },
  });
  const token = await house.token(['export']);
  const path = `/v1/exports/${ID}/sd-jwt?table=people&line=3`;
  const headers = { authorization: `Bearer ${token}` };
  const response = await app.request(`${PUBLIC_URL}${path}`, { headers });
  expect(response.headers.get('content-type')).toBe('application/sd-jwt');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toBe(`${ID}.people.3~`);
});
