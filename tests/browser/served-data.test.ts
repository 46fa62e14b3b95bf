import { expect, it } from 'vitest';

it('serves repository data as it is, and 404 for what is not there', async () => {
  const absent = await fetch('/golden/no-such-file.json');
  expect(absent.status).toBe(404);
  expect((await fetch('/fixtures/no-such-file.json')).status).toBe(404);
  // a slash that is encoded does not lead out of the folder
  expect((await fetch('/models/..%2fpackage.json')).status).toBe(404);
});
