const DURATION = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/;

/**
 * Seconds of an ISO 8601 duration in days, hours, minutes and seconds: `PT1H`, `P1DT12H`; undefined for
 * any other text. Months and years have no fixed length and are not taken.
 */
export function parseDurationSeconds(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null || /[PT]$/.test(text)) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (
    (days as number) * 86_400 +
    (hours as number) * 3600 +
    (minutes as number) * 60 +
    (seconds as number)
  );
}
