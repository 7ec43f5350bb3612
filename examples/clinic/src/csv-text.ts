/** Rows to CSV (RFC 4180 §2) as Synthea writes it: lines end with LF, quotes only where they must be. */

export type Cell = string | number | null;

export function formatCsv(header: string, rows: readonly (readonly Cell[])[]): string {
  const lines = rows.map((row) => row.map(formatCell).join(','));
  return `${[header, ...lines].join('\n')}\n`;
}

function formatCell(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
