/** A closed list of known words plus any other text: the service adds words without notice. */
export type Open<Word extends string> = Word | (string & {})

/**
 * Category slugs and their display names.
 *
 * Source: route `crime-categories`, October 2026; `public-disorder-weapons` was used until 2013-04.
 */
export const crimeCategories = {
  'all-crime': 'All crime',
  'anti-social-behaviour': 'Anti-social behaviour',
  'bicycle-theft': 'Bicycle theft',
  burglary: 'Burglary',
  'criminal-damage-arson': 'Criminal damage and arson',
  drugs: 'Drugs',
  'other-theft': 'Other theft',
  'possession-of-weapons': 'Possession of weapons',
  'public-disorder-weapons': 'Public disorder and weapons',
  'public-order': 'Public order',
  robbery: 'Robbery',
  shoplifting: 'Shoplifting',
  'theft-from-the-person': 'Theft from the person',
  'vehicle-crime': 'Vehicle crime',
  'violent-crime': 'Violence and sexual offences',
  'other-crime': 'Other crime',
} as const

/** Slug of a crime category. */
export type CrimeCategory = Open<keyof typeof crimeCategories>

/**
 * Outcome codes and their display names.
 *
 * Source: documentation of route `outcomes-for-crime`. In `outcome_status` of a crime and in the
 * archive only the name appears.
 */
export const outcomeCategories = {
  'under-investigation': 'Under investigation',
  'no-further-action': 'Investigation complete; no suspect identified',
  'unable-to-prosecute': 'Unable to prosecute suspect',
  'status-update-unavailable': 'Status update unavailable',
  'court-result-unavailable': 'Court result unavailable',
  'awaiting-court-result': 'Awaiting court outcome',
  'local-resolution': 'Local resolution',
  cautioned: 'Offender given a caution',
  'penalty-notice-issued': 'Offender given penalty notice',
  'drugs-possession-warning': 'Offender given a drugs possession warning',
  'action-taken-by-another-organisation': 'Action to be taken by another organisation',
  'formal-action-not-in-public-interest': 'Formal action is not in the public interest',
  'further-action-not-in-public-interest': 'Further action is not in the public interest',
  'further-investigation-not-in-public-interest':
    'Further investigation is not in the public interest',
  charged: 'Suspect charged',
  'sentenced-in-another-case': 'Suspect charged as part of another case',
  'sent-to-crown-court': 'Defendant sent to Crown Court',
  'not-guilty': 'Defendant found not guilty',
  'unable-to-proceed': 'Court case unable to proceed',
  imprisoned: 'Offender sent to prison',
  'suspended-sentence': 'Offender given suspended prison sentence',
  'community-penalty': 'Offender given community sentence',
  fined: 'Offender fined',
  'conditional-discharge': 'Offender given conditional discharge',
  'absolute-discharge': 'Offender given absolute discharge',
  compensation: 'Offender ordered to pay compensation',
  'deprived-of-property': 'Offender deprived of property',
  'other-court-disposal': 'Offender otherwise dealt with',
} as const

/** Code of an outcome. */
export type OutcomeCode = Open<keyof typeof outcomeCategories>

/** Display name of an outcome. */
export type OutcomeName = Open<(typeof outcomeCategories)[keyof typeof outcomeCategories]>

/** Kinds of stop. */
export const stopTypes = ['Person search', 'Vehicle search', 'Person and Vehicle search'] as const

/** Genders in stops. */
export const genders = ['Male', 'Female', 'Other'] as const

/** Age ranges in stops. */
export const ageRanges = ['under 10', '10-17', '18-24', '25-34', 'over 34'] as const

/** Ethnicity as the officer put it. */
export const officerDefinedEthnicities = ['White', 'Black', 'Asian', 'Other', 'Mixed'] as const

/** Where a crime was placed by: a territorial force, or British Transport Police. */
export const locationTypes = ['Force', 'BTP'] as const

/** Stop outcomes: ids and names of `outcome_object`. */
export const stopOutcomes = {
  'bu-no-further-action': 'A no further action disposal',
  'bu-arrest': 'Arrest',
  'bu-community-resolution': 'Community resolution',
  'bu-penalty-notice': 'Penalty Notice for Disorder',
  'bu-summons': 'Summons / charged by post',
  'bu-caution': 'Caution (simple or conditional)',
} as const

/** Display names of stop outcomes, with the older ones that have no id. */
export const stopOutcomeNames = [
  ...Object.values(stopOutcomes),
  'Khat or Cannabis warning',
  'Local resolution',
  'Nothing found - no further action',
  '',
] as const

/** Laws that stops name. Source: recorded answers and archive files 2017-2026. */
export const stopLegislation = [
  'Misuse of Drugs Act 1971 (section 23)',
  'Police and Criminal Evidence Act 1984 (section 1)',
  'Police and Criminal Evidence Act 1984 (section 6)',
  'Criminal Justice and Public Order Act 1994 (section 60)',
  'Firearms Act 1968 (section 47)',
  'Psychoactive Substances Act 2016 (s36(2))',
] as const

/** What stops looked for. Source: recorded answers and archive files 2017-2026. */
export const stopObjects = [
  'Controlled drugs',
  'Offensive weapons',
  'Stolen goods',
  'Evidence of offences under the Act',
  'Anything to threaten or harm anyone',
  'Firearms',
  'Article for use in theft',
  'Articles for use in criminal damage',
  'Fireworks',
  'Psychoactive substances',
  'Crossbows',
  'Detailed object of search unavailable',
] as const
