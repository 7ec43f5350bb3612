/** IP addresses in text: RFC 791 dotted quads, RFC 4291 §2.2 groups; printed as RFC 5952 §4 has it. */

/** Bytes of an address: 4 or 16. An IPv4 address in IPv6 dress (`::ffff:192.0.2.1`) is of 4. */
export function parseIpAddress(text: string): Uint8Array | null {
  if (text.length > 45) return null;
  const address = text.includes(':') ? parseV6(text) : parseV4(text);
  if (address === null || address.length === 4) return address;
  const isMapped =
    address.subarray(0, 10).every((byte) => byte === 0) &&
    address[10] === 0xff &&
    address[11] === 0xff;
  return isMapped ? address.slice(12) : address;
}

/** The first `bits` of an address as a network: `192.0.2.0/24`. */
export function formatNetwork(address: Uint8Array, bits: number): string {
  const network = address.map((byte, index) => {
    const kept = Math.min(Math.max(bits - 8 * index, 0), 8);
    return byte & (0xff << (8 - kept));
  });
  const text = network.length === 4 ? network.join('.') : formatV6(network);
  return `${text}/${bits}`;
}

function parseV4(text: string): Uint8Array | null {
  const octets = text.split('.');
  if (octets.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [index, octet] of octets.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) return null;
    bytes[index] = Number(octet);
  }
  return bytes;
}

function parseV6(text: string): Uint8Array | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  const left = groupsOf(head, tail === undefined);
  const right = tail === undefined ? [] : groupsOf(tail, true);
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => 0), ...right];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** Groups of 16 bits; the last two may be written as a dotted quad. */
function groupsOf(text: string, mayEndInV4: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInV4 && index === parts.length - 1 && part.includes('.')) {
      const quad = parseV4(part);
      if (quad === null) return null;
      const [a, b, c, d] = quad as unknown as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** The longest run of zeros, two groups or more, the first of equals, is `::`. */
function formatV6(address: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < address.length; at += 2) {
    groups.push(((address[at] as number) << 8) | (address[at + 1] as number));
  }
  let [start, length] = [0, 0];
  for (let from = 0; from < groups.length; from += 1) {
    let to = from;
    while (groups[to] === 0) to += 1;
    if (to - from > length) [start, length] = [from, to - from];
  }
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}
