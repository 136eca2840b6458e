import * as v from 'valibot'
import { ShapeError } from './errors.js'
import {
  ageRanges,
  crimeCategories,
  genders,
  locationTypes,
  officerDefinedEthnicities,
  outcomeCategories,
  stopLegislation,
  stopObjects,
  stopOutcomeNames,
  stopOutcomes,
  stopTypes,
} from './words.js'

/** How answers are checked: `tolerant` reports the unknown, `strict` refuses it. */
export type ShapeMode = 'tolerant' | 'strict'

/** Something in an answer that this version does not know: a new key or a new word. */
export interface Finding {
  readonly kind: 'unknown-key' | 'unknown-word'
  /** Where it was, such as `outcome_status.category`. */
  readonly field: string
  /** The new key or word. */
  readonly value: string
  /** How many times in this answer. */
  readonly count: number
}

type Note = (kind: Finding['kind'], field: string, value: string) => void

// Checks run synchronously, so one collector at a time is enough.
let note: Note = () => undefined

const olderOutcomeNames = ['Offender given a penalty notice', 'Offender given penalty notice']

function buildShapes(mode: ShapeMode) {
  const strict = mode === 'strict'

  const word = (field: string, words: Iterable<string>) => {
    const known = new Set(words)
    return v.pipe(
      v.string(),
      v.check(
        (text) => {
          if (known.has(text)) return true
          note('unknown-word', field, text)
          return !strict
        },
        (issue) => `unknown word ${issue.received} in ${field}`,
      ),
    )
  }

  const object = <Entries extends v.ObjectEntries>(field: string, entries: Entries) => {
    const known = new Set(Object.keys(entries))
    return v.pipe(
      v.looseObject(entries),
      v.check((value) => {
        let fine = true
        for (const key of Object.keys(value)) {
          if (known.has(key)) continue
          note('unknown-key', field, key)
          fine = false
        }
        return fine || !strict
      }, `unknown key in ${field}`),
    )
  }

  const text = v.string()
  const nullableText = v.nullable(v.string())
  const optionalText = v.exactOptional(nullableText)
  const month = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}$/, 'expected a month as YYYY-MM'))
  const whole = v.pipe(v.number(), v.integer())
  // Decimal text is not matched against a pattern: neighbourhood places hold letters at times.
  const decimal = v.pipe(v.string(), v.regex(/^-?\d{1,3}(\.\d+)?$/, 'expected decimal degrees'))
  const contacts = v.record(v.string(), nullableText)

  const location = object('location', {
    latitude: decimal,
    longitude: decimal,
    street: object('location.street', { id: whole, name: text }),
  })
  const crimeEntries = {
    category: word('category', Object.keys(crimeCategories)),
    persistent_id: v.pipe(text, v.regex(/^([0-9a-f]{64})?$/, 'expected 64 hexadecimal digits')),
    id: whole,
    month,
    location: v.nullable(location),
    location_type: v.nullable(word('location_type', locationTypes)),
    location_subtype: text,
    context: text,
  }
  const crime = object('crime', {
    ...crimeEntries,
    outcome_status: v.nullable(
      object('outcome_status', {
        category: word('outcome_status.category', [
          ...Object.values(outcomeCategories),
          ...olderOutcomeNames,
        ]),
        date: month,
      }),
    ),
  })
  const crimeReference = object('crime', crimeEntries)
  const outcomeCategory = object('category', {
    code: word('category.code', Object.keys(outcomeCategories)),
    name: word('category.name', [...Object.values(outcomeCategories), ...olderOutcomeNames]),
  })
  const outcome = object('outcome', {
    category: outcomeCategory,
    date: month,
    person_id: v.nullable(whole),
    crime: crimeReference,
  })
  const officer = object('officer', {
    name: text,
    rank: nullableText,
    bio: optionalText,
    contact_details: contacts,
  })
  const stop = object('stop', {
    type: v.nullable(word('type', stopTypes)),
    involved_person: v.boolean(),
    datetime: v.pipe(text, v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, 'expected an ISO time')),
    gender: v.nullable(word('gender', genders)),
    age_range: v.nullable(word('age_range', ageRanges)),
    self_defined_ethnicity: nullableText,
    officer_defined_ethnicity: v.nullable(
      word('officer_defined_ethnicity', officerDefinedEthnicities),
    ),
    legislation: v.nullable(word('legislation', stopLegislation)),
    object_of_search: v.nullable(word('object_of_search', stopObjects)),
    outcome: v.nullable(v.union([v.literal(false), word('outcome', stopOutcomeNames)])),
    outcome_object: v.exactOptional(
      v.nullable(
        object('outcome_object', {
          id: word('outcome_object.id', ['', ...Object.keys(stopOutcomes)]),
          name: text,
        }),
      ),
    ),
    outcome_linked_to_object_of_search: v.nullable(v.boolean()),
    removal_of_more_than_outer_clothing: v.nullable(v.boolean()),
    operation: v.nullable(v.boolean()),
    operation_name: nullableText,
    location: v.nullable(location),
  })
  const idAndName = object('entry', { id: text, name: text })

  return {
    availability: v.array(
      object('month', { date: month, 'stop-and-search': v.exactOptional(v.array(text)) }),
    ),
    lastUpdated: object('answer', {
      date: v.pipe(text, v.regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a date as YYYY-MM-DD')),
    }),
    categories: v.array(object('category', { url: text, name: text })),
    crimes: v.array(crime),
    outcomes: v.array(outcome),
    caseHistory: object('case', {
      crime: crimeReference,
      outcomes: v.nullable(
        v.array(
          object('outcome', {
            category: outcomeCategory,
            date: month,
            person_id: v.exactOptional(v.nullable(whole)),
          }),
        ),
      ),
    }),
    forces: v.array(idAndName),
    force: object('force', {
      id: text,
      name: text,
      url: nullableText,
      telephone: nullableText,
      description: nullableText,
      engagement_methods: v.array(
        object('engagement_methods', {
          type: optionalText,
          title: nullableText,
          url: nullableText,
          description: nullableText,
        }),
      ),
    }),
    officers: v.array(officer),
    neighbourhoods: v.array(idAndName),
    neighbourhood: object('neighbourhood', {
      id: text,
      name: text,
      url_force: optionalText,
      population: optionalText,
      description: optionalText,
      centre: object('centre', { latitude: text, longitude: text }),
      contact_details: contacts,
      links: v.array(
        object('links', { url: nullableText, title: nullableText, description: nullableText }),
      ),
      locations: v.array(
        object('locations', {
          name: nullableText,
          latitude: nullableText,
          longitude: nullableText,
          postcode: nullableText,
          address: nullableText,
          type: nullableText,
          description: nullableText,
          telephone: optionalText,
        }),
      ),
    }),
    boundary: v.array(object('vertex', { latitude: decimal, longitude: decimal })),
    events: v.array(
      object('event', {
        title: text,
        type: nullableText,
        description: nullableText,
        address: nullableText,
        contact_details: contacts,
        start_date: optionalText,
        end_date: optionalText,
      }),
    ),
    priorities: v.array(
      object('priority', {
        issue: text,
        action: nullableText,
        'issue-date': text,
        'action-date': nullableText,
      }),
    ),
    located: object('answer', { force: text, neighbourhood: text }),
    stops: v.array(stop),
  }
}

type Shapes = ReturnType<typeof buildShapes>

/** Name of the shape of an answer. */
export type ShapeName = keyof Shapes

/** What a shape lets through, as valibot infers it; type tests compare it with the interfaces. */
export type ShapeOutput<Name extends ShapeName> = v.InferOutput<Shapes[Name]>

const built: Partial<Record<ShapeMode, Shapes>> = {}

/**
 * Checks a parsed answer and says what in it is new.
 *
 * The answer itself is never changed: what the service sent is what the caller gets.
 *
 * @throws {ShapeError} `SHAPE_MISMATCH` for a missing key or a wrong type, and in strict mode also
 *   for an unknown key; `SHAPE_UNKNOWN_WORD` in strict mode for an unknown word
 */
export function checkShape(
  name: ShapeName,
  value: unknown,
  mode: ShapeMode = 'tolerant',
  route: string = name,
): readonly Finding[] {
  const shapes = (built[mode] ??= buildShapes(mode))
  const counts = new Map<string, { -readonly [Key in keyof Finding]: Finding[Key] }>()
  note = (kind, field, word) => {
    const key = `${kind} ${field} ${word}`
    const seen = counts.get(key)
    if (seen) seen.count += 1
    else counts.set(key, { kind, field, value: word, count: 1 })
  }
  let result: v.SafeParseResult<Shapes[ShapeName]>
  try {
    result = v.safeParse(shapes[name], value, { abortEarly: true })
  } finally {
    note = () => undefined
  }
  if (result.success) return [...counts.values()]
  const issue = result.issues[0]
  const place = v.getDotPath(issue) ?? 'the top level'
  const unknownWord = issue.message.startsWith('unknown word')
  throw new ShapeError(
    unknownWord ? 'SHAPE_UNKNOWN_WORD' : 'SHAPE_MISMATCH',
    `the answer of ${route} has at ${place} ${issue.received}: ${issue.message}; ${
      unknownWord || issue.message.startsWith('unknown key')
        ? 'use the tolerant mode to accept it'
        : 'the service may have changed, look for a newer release of this package'
    }`,
    { context: { route, path: place, received: issue.received } },
  )
}
