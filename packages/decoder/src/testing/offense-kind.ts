/** What a drawn offense brings with it. */
export interface OffenseKind {
  readonly against: 'person' | 'property' | 'society'
  readonly hasActivity: boolean
  readonly hasGang: boolean
  readonly hasWeapon: boolean
  readonly isBurglary: boolean
  readonly isVehicleTheft: boolean
  readonly isDrugs: boolean
  readonly isAssault: boolean
  readonly hasRelations: boolean
  readonly hasInjuries: boolean
  /** Property loss codes of its property records, empty for none. */
  readonly losses: readonly string[]
}

/** The kind of a Group A offense, by its code and what the FBI counts it against. */
export function offenseKind(code: string, crimeAgainst: string): OffenseKind {
  const person = crimeAgainst === 'Person' || crimeAgainst === 'Not a crime'
  const against = person ? 'person' : crimeAgainst === 'Society' ? 'society' : 'property'
  const isDrugs = code === '35A'
  const violent = /^(09|100|11|120|13)/.test(code)
  const losses =
    code === '290' || code === '200'
      ? ['4', '4', '4', code === '200' ? '2' : '4']
      : isDrugs || code === '35B' || code === '520'
        ? ['6', '6', '6', '1']
        : code === '250'
          ? ['3', '3', '6', '8']
          : code === '100'
            ? ['1', '8']
            : against === 'property'
              ? ['7', '7', '7', '7', '7', '7', '5', code === '220' ? '1' : '8']
              : []
  return {
    against,
    hasActivity: /^(250|280|35|370|39C|510|520|720)/.test(code),
    hasGang: violent,
    hasWeapon: violent || code === '520' || code === '64A',
    isBurglary: code === '220',
    isVehicleTheft: code === '240',
    isDrugs,
    isAssault: code === '13A' || code.startsWith('09'),
    hasRelations: person || code === '120',
    hasInjuries: violent && !code.startsWith('09'),
    losses,
  }
}
