/** Days and seconds of the clinic. Its last day is fixed: a clinic does not grow older between two runs. */

const DAY_MS = 86_400_000;

/** 2024-06-30, in days since 1970-01-01. */
export const LAST_DAY = 19_904;

export const DAYS_PER_YEAR = 365.25;

/** `YYYY-MM-DD`. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** `YYYY-MM-DDThh:mm:ssZ`. */
export function formatInstant(day: number, second: number): string {
  return `${new Date(day * DAY_MS + second * 1000).toISOString().slice(0, 19)}Z`;
}
