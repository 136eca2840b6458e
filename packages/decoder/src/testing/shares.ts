/**
 * How often which code occurs, roughly as in the files of recent years: `code:share`, in any unit;
 * `_` is a blank field. Codes that a year does not know are left out when it is generated; codes
 * that are valid but not named here occur now and then.
 */
function shares(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((item) => {
        const [code, share] = item.split(':') as [string, string]
        return [code === '_' ? '' : code, Number(share)]
      }),
  )
}

export const OFFENSES = shares(`
  13B:14 13A:7 13C:5 11A:.8 11B:.2 11C:.1 11D:1 36B:.1 100:.4 09A:.2 64A:.05 120:1.8 220:6 200:.3
  210:.3 240:8 23A:.3 23B:.2 23C:10 23D:4 23E:.1 23F:9 23G:4 23H:12 250:1.2 26A:5 26B:2 26C:3
  26D:.2 26E:.3 26F:2 26G:.2 270:.4 280:1.5 290:13 510:.02 35A:8 35B:2 370:.5 39A:.02 40A:.1 520:3
  720:.3`)
export const GROUP_B_OFFENSES = shares('90D:30 90Z:40 90C:10 90J:8 90E:7 90G:4 90F:2 90B:.5 90A:1')
export const ATTEMPTED_COMPLETED = shares('C:95 A:5')
export const SUSPECTED_OF_USING = shares('N:85 A:6 D:5 C:4')
export const LOCATIONS = shares(`
  20:38 13:12 18:8 05:2 07:2.5 08:4 12:3 24:4 25:9 21:2 15:1 14:1 23:2 41:.5 52:1 53:.5 58:1 02:1
  03:1 04:1.2 09:1 11:1 37:.3 38:.2 19:.6 _:.1`)
/** Before schools were told apart (2010) they were one location. */
export const LOCATIONS_BEFORE_2010 = shares(`
  20:38 13:12 18:8 05:2 07:2.5 08:4 12:3 24:4 25:9 21:2 15:1 14:1 23:2 22:5 02:1 03:1 04:1.2 09:1
  11:1 19:.6 _:.1`)
export const METHODS_OF_ENTRY = shares('F:55 N:45')
export const CRIMINAL_ACTIVITIES = shares('P:50 U:14 D:10 T:8 B:6 C:4 O:1 E:1')
export const GANG_ACTIVITIES = shares('N:94 G:4 J:2')
export const WEAPONS = shares('40:55 20:7 12:6 30:6 35:4 11:3 13:1 90:8 95:3 99:5 14:.4 15:.3')
export const AUTOMATIC = shares('_:98 A:2')
export const BIASES = shares('88:97 99:1.5 12:.4 41:.2 14:.1 11:.1 21:.1 32:.1 33:.1 _:.3')
export const CLEARANCES = shares('N:94 C:3 B:1 D:1 A:.3 E:.3')
export const REAL_CLEARANCES = shares('C:45 B:25 D:20 A:5 E:5')
export const REPORT_DATE = shares('_:90 R:10')
export const STOLEN_PROPERTY = shares(`
  77:15 20:12 25:7 26:6 07:6 09:6 38:6 36:4 06:5 08:6 13:4 03:9 04:4 16:3 17:4 19:5 24:3 37:3 64:1
  65:2 75:4 02:1 21:1 22:1 48:1`)
export const DAMAGED_PROPERTY = shares('03:30 29:20 30:8 35:8 37:4 77:10 31:8 33:3 38:4 06:1')
export const VICTIM_TYPES = shares('I:62 B:30 G:4 R:.8 F:1 O:1 U:1.2')
export const AGES = [12, 0.2, 18, 1, 40, 2.2, 65, 1.1, 99, 0.25] as const
export const SEXES = shares('M:50 F:48 U:2')
export const ARRESTEE_SEXES = shares('M:72 F:28')
export const RACES = shares('W:66 B:25 A:2 I:1 P:.4 U:5.6')
export const ETHNICITIES = shares('N:60 H:14 U:20 _:6')
export const RESIDENTS = shares('R:60 N:20 U:12 _:8')
export const CIRCUMSTANCES = shares('01:30 09:25 10:25 08:6 06:9 03:3 02:2')
export const INJURIES = shares('N:55 M:40 L:2 O:1.5 B:1 I:.5 T:.2 U:.3')
export const RELATIONSHIPS = shares(`
  ST:18 AQ:15 OK:8 BG:12 SE:8 CH:4 PA:5 SB:3 RU:15 NE:2 XS:2 XR:2 FR:2 OF:2 VO:3 EE:.5 ER:.4 GP:.3
  IL:.5 SP:.3 SC:.3 CF:.3`)
export const DRUGS = shares('L:25 E:35 D:6 A:6 H:6 G:4 U:8 M:3 P:2')
export const MEASURES = shares('GM:60 DU:20 XX:10 OZ:5 LB:2 KG:1 ML:1 NP:1')
export const ARREST_TYPES = shares('O:40 T:30 S:30')
export const MULTIPLE_ARRESTEES = shares('N:92 C:4 M:4')
export const ARMED_WITH = shares('01:90 12:4 16:2 11:2 17:1 13:1')
export const DISPOSITIONS = shares('R:60 H:40')
export const WINDOW_CLEARANCES = shares('Y:60 N:40')
export const OFFICER_ACTIVITIES = shares('01:30 04:20 11:15 10:10 06:12 09:4')
export const OFFICER_ASSIGNMENTS = shares('G:45 H:25 F:15 K:5')
