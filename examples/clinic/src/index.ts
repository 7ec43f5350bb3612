/** A sample clinic: as many invented patients as asked for, the same ones for the same seed. */

export { type Clinic, type ClinicOptions, generateClinic } from './generate.ts';
