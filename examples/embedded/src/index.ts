export { type Patient, admit } from './admit.ts';
export { type WardCosts, wardCosts } from './wards.ts';
