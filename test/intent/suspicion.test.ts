import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suspicionOf } from '../../src/intent/suspicion.ts';

const cases: readonly [string, string | null][] = [
  ['web', null],
  ['Web Server', null],
  ['my_target!', null],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template that nobody filled in
  ['${NAMESPACE}', null],
  ['{{ .Values.namespace }}', null],
  ['a..b', null],
  ['web; rm -rf /', 'command_injection'],
  ['web && reboot', 'command_injection'],
  ['web | sh', 'command_injection'],
  ['$(reboot)', 'command_injection'],
  ['`reboot`', 'command_injection'],
  ['web\nreboot', 'command_injection'],
  ['web > out', 'command_injection'],
  ['../etc/passwd', 'path_traversal'],
  ['a/../b', 'path_traversal'],
  ['..', 'path_traversal'],
  ['..\\windows', 'path_traversal'],
  ['%2e%2e%2fetc', 'path_traversal'],
  ['/etc/passwd', 'path_traversal'],
  ['C:\\windows', 'path_traversal'],
];

for (const [text, wanted] of cases) {
  test(`${JSON.stringify(text)} as a name is ${wanted ?? 'a mistake like any other'}`, () => {
    assert.equal(suspicionOf(['target'], text), wanted);
  });
}

test('prose may hold anything, and only text can be suspicious', () => {
  for (const key of ['reason', 'description']) {
    assert.equal(suspicionOf([key], 'up; see ../notes & more'), null);
  }
  assert.equal(suspicionOf(['metadata', 'a'], '$(x)'), null);
  assert.equal(suspicionOf(['replicas'], 7), null);
  assert.equal(suspicionOf(['constraints', 'porch_repository'], '../x'), 'path_traversal');
});
