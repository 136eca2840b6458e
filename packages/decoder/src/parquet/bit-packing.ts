/** Arrays that hold dictionary indexes or deltas. */
export type PackableArray = Uint8Array | Uint16Array | Uint32Array | Int32Array

/**
 * Packs `groupCount` groups of eight values from `source[start]` on, least significant bit first,
 * into `target` at `position`; returns the position after them. With a `map`, what is packed is
 * `map[value]`.
 */
export type Packer<Source extends PackableArray> = (
  source: Source,
  start: number,
  groupCount: number,
  map: Uint32Array,
  target: Uint8Array,
  position: number,
) => number

/** Bits needed for values 0 to `count - 1`; at least one, since not every reader takes zero. */
export function bitWidthOf(count: number): number {
  return count <= 2 ? 1 : 32 - Math.clz32(count - 1)
}

/** The readable form, which the generated ones must equal. */
export function packPlainly(
  source: PackableArray,
  start: number,
  groupCount: number,
  map: Uint32Array | null,
  target: Uint8Array,
  position: number,
  bitWidth: number,
): number {
  const end = start + groupCount * 8
  let pending = 0
  let pendingBits = 0
  let next = position
  for (let i = start; i < end; i++) {
    const value = map === null ? source[i]! : map[source[i]!]!
    for (let taken = 0; taken < bitWidth;) {
      const count = Math.min(8 - pendingBits, bitWidth - taken)
      pending |= ((value >>> taken) & (255 >>> (8 - count))) << pendingBits
      pendingBits += count
      taken += count
      if (pendingBits === 8) {
        target[next++] = pending
        pending = 0
        pendingBits = 0
      }
    }
  }
  return next
}

const mayGenerate = ((): boolean => {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
})()

/**
 * Source of an unrolled packer: eight loads, then each output byte from the values that share it.
 * Every array kind gets functions of its own, so that each of them sees one element type.
 */
function packerSource(bitWidth: number, mapped: boolean): string {
  const loads: string[] = []
  for (let v = 0; v < 8; v++) {
    const value = v === 0 ? 'source[i]' : `source[i+${v}]`
    loads.push(`const v${v}=${mapped ? `map[${value}]` : value};`)
  }
  const stores: string[] = []
  for (let byte = 0; byte < bitWidth; byte++) {
    const parts: string[] = []
    for (let v = 0; v < 8; v++) {
      const shift = v * bitWidth - byte * 8
      if (shift >= 8 || shift + bitWidth <= 0) continue
      parts.push(shift > 0 ? `v${v}<<${shift}` : shift < 0 ? `v${v}>>>${-shift}` : `v${v}`)
    }
    stores.push(`target[p+${byte}]=${parts.join('|')};`)
  }
  return (
    `return function pack${bitWidth}(source,start,groupCount,map,target,position){` +
    `let i=start|0,p=position|0;const end=i+(groupCount<<3)|0;` +
    `for(;i<end;i=i+8|0,p=p+${bitWidth}|0){${loads.join('')}${stores.join('')}}return p}`
  )
}

const packers = new Map<string, Packer<PackableArray>>()

function packerFor(kind: string, bitWidth: number, mapped: boolean): Packer<PackableArray> {
  const key = `${kind}/${bitWidth}`
  let packer = packers.get(key)
  if (packer === undefined) {
    packer = mayGenerate
      ? (new Function(packerSource(bitWidth, mapped))() as Packer<PackableArray>)
      : (source, start, groupCount, map, target, position) =>
          packPlainly(source, start, groupCount, mapped ? map : null, target, position, bitWidth)
    packers.set(key, packer)
  }
  return packer
}

/** Packer of `map[index]` for indexes of one array kind; bit widths 1 to 32. */
export function indexPacker<Source extends Uint8Array | Uint16Array | Uint32Array>(
  source: Source,
  bitWidth: number,
): Packer<Source> {
  return packerFor(`index${source.BYTES_PER_ELEMENT}`, bitWidth, true)
}

const deltaPackers: (Packer<Int32Array> | undefined)[] = []

/** Packer of the values themselves; bit widths 1 to 32. */
export function deltaPacker(bitWidth: number): Packer<Int32Array> {
  return (deltaPackers[bitWidth] ??= packerFor('delta', bitWidth, false))
}
