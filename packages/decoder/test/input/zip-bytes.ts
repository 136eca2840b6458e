import { crc32, deflateRawSync } from 'node:zlib'

/** One entry of an archive for tests; every field that a real tool derives can be told to lie. */
export interface ZipPart {
  readonly name: string
  readonly data?: Uint8Array
  /** Default 8 (deflate). Methods other than 0 and 8 need `packed`. */
  readonly method?: number
  /** The packed bytes as they go into the file. */
  readonly packed?: Uint8Array
  readonly flags?: number
  /** Sizes and CRC after the data instead of before it, as streaming tools write. */
  readonly descriptor?: boolean
  /** Sizes and offset in the zip64 extra field. */
  readonly zip64?: boolean
  readonly crc?: number
  readonly size?: number
  readonly compressedSize?: number
  readonly offset?: number
  readonly localSignature?: number
  readonly extra?: Uint8Array
}

export interface ZipShape {
  /** End of directory in zip64 form. */
  readonly zip64?: boolean
  readonly comment?: string
  readonly entryCount?: number
  readonly diskNumber?: number
}

function fields(...parts: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    parts.map(([length, value]) => {
      const bytes = Buffer.alloc(length)
      if (length === 8) bytes.writeBigUInt64LE(BigInt(value))
      else bytes.writeUIntLE(value, 0, length)
      return bytes
    }),
  )
}

const FULL = 0xffff_ffff

/** A zip archive, written by hand so that the tests need no tool. */
export function zipBytes(parts: readonly ZipPart[], shape: ZipShape = {}): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let position = 0
  for (const part of parts) {
    const data = part.data ?? new Uint8Array(0)
    const method = part.method ?? 8
    const packed = part.packed ?? (method === 8 ? deflateRawSync(data) : data)
    const crc = part.crc ?? crc32(data)
    const size = part.size ?? data.length
    const compressedSize = part.compressedSize ?? packed.length
    const offset = part.offset ?? position
    const name = Buffer.from(part.name)
    const descriptor = part.descriptor === true
    const flags = 0x800 | (part.flags ?? 0) | (descriptor ? 8 : 0)
    const common = fields([2, 45], [2, flags], [2, method], [2, 0], [2, 0x5a21])
    const after = descriptor
      ? fields([4, 0x08074b50], [4, crc], [4, compressedSize], [4, size])
      : Buffer.alloc(0)
    const local = Buffer.concat([
      fields([4, part.localSignature ?? 0x04034b50]),
      common,
      descriptor
        ? fields([4, 0], [4, 0], [4, 0])
        : fields([4, crc], [4, Math.min(compressedSize, FULL)], [4, Math.min(size, FULL)]),
      fields([2, name.length], [2, 0]),
      name,
      packed,
      after,
    ])
    const zip64 = part.zip64 === true
    const extra = Buffer.concat([
      zip64
        ? fields([2, 1], [2, 24], [8, size], [8, compressedSize], [8, offset])
        : Buffer.alloc(0),
      part.extra ?? Buffer.alloc(0),
    ])
    directory.push(
      Buffer.concat([
        fields([4, 0x02014b50], [2, 45]),
        common,
        fields([4, crc], [4, zip64 ? FULL : compressedSize], [4, zip64 ? FULL : size]),
        fields([2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0]),
        fields([4, zip64 ? FULL : offset]),
        name,
        extra,
      ]),
    )
    locals.push(local)
    position += local.length
  }
  const listed = Buffer.concat(directory)
  const count = shape.entryCount ?? parts.length
  const comment = Buffer.from(shape.comment ?? '')
  const end = [...locals, listed]
  if (shape.zip64 === true) {
    end.push(
      fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, shape.diskNumber ?? 0], [4, 0]),
      fields([8, count], [8, count], [8, listed.length], [8, position]),
      fields([4, 0x07064b50], [4, 0], [8, position + listed.length], [4, 1]),
      fields([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff], [4, FULL], [4, FULL]),
    )
  } else {
    end.push(
      fields([4, 0x06054b50], [2, shape.diskNumber ?? 0], [2, 0], [2, count & 0xffff]),
      fields([2, count & 0xffff], [4, listed.length], [4, position]),
    )
  }
  end.push(fields([2, comment.length]), comment)
  return Buffer.concat(end)
}

/** Deflate data of stored blocks only, which is Deflate64 data too. */
export function storedBlocks(data: Uint8Array): Buffer {
  const blocks: Buffer[] = []
  for (let start = 0; start < data.length; start += 0xffff) {
    const block = data.subarray(start, start + 0xffff)
    const last = start + block.length === data.length ? 1 : 0
    blocks.push(Buffer.from([last]), fields([2, block.length], [2, block.length ^ 0xffff]))
    blocks.push(Buffer.from(block))
  }
  return Buffer.concat(blocks)
}

/** Fixed-width lines that look random but are the same in every run. */
export function sampleText(lineCount: number): Buffer {
  let state = 20_221_231
  const lines: string[] = []
  for (let i = 0; i < lineCount; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    lines.push(`04AL0010000 ${String(state).padStart(10, '0')}${String(i).padStart(6, '0')}  `)
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

/** The text in `fixtures/deflate64.zip`: a block twice more far away, and a long run of blanks. */
export function deflate64Text(): Buffer {
  let state = 1991
  let block = ''
  while (block.length < 40_000) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    block += String.fromCharCode(48 + (state >>> 28))
  }
  return Buffer.from(`${block}\n${block}\n${' '.repeat(20_000)}\n${block}\n`)
}
