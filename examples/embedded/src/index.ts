export { type Patient, admit } from './admit.ts';
