/** The text of `--help`. */
export const HELP = `Usage: crimewh <command> [options]

Commands
  load nibrs <file>             a NIBRS master file: zip, gzip or text, any edition
  load ukpolice                 the UK Police API: every published month; run it again to go on
  load ukpolice-archive <zip>   the bulk archive of data.police.uk: a file, an https address,
                                a month (2026-08) or "latest"
  sync ukpolice                 what is newly published, and nothing else; made for cron
  loads list                    loads of a warehouse
  loads remove <id>             undo a load: what it took the place of comes back
  loads purge                   drop the rows of replaced loads for good
  schema print                  the staging tables as SQL; --json: also where each column is from

Where
      --to <url>          duckdb:crime.duckdb or postgres://user@host/database
                          (or the environment variable CRIMEWH_TO)
                          ?schema=<name> chooses a PostgreSQL schema
      --password-file <file>  or PGPASSWORD, or the file that PGPASSFILE names

Loading
      --disposition <how> replace-slice | replace | append | merge  (default: replace-slice)
      --force             load although the same content is in already; loads remove:
                          although rows that would come back were purged
      --contract <how>    freeze | evolve | quarantine   (default: that of the source)
      --max-issues <n>    fail before anything is committed above 100, or 0.5%
      --allow-destructive carry out schema changes that lose something
      --lock-wait <s>     seconds to wait for another loader  (default: 0)
      --retries <n>       further tries of a slice after an error that may pass  (default: 3)
      --manifests <dir>   write one JSON manifest for each load
  -n, --dry-run           what would happen; writes nothing

load nibrs
      --spec <id|file>    layout to apply                (default: detect)
      --data-year <year>  of a file whose headers do not tell it
      --state <code>      one state of the file alone, such as VT
      --entry <glob>      which file of a zip            (default: the largest)

load ukpolice, load ukpolice-archive, sync ukpolice
      --dataset <name>    repeatable: crimes | outcomes | stops
      --police-force <id> repeatable   (default of both: all; sync: those that are loaded)
      --since <YYYY-MM>   first month
      --until <YYYY-MM>   last month
      --within <file>     load ukpolice: GeoJSON polygons instead of forces, with
      --area <name>       the name they go by
      --recheck <months>  sync: months asked for again after a publication  (default: 12)
      --base-url <url>    another server (or UKPOLICE_BASE_URL)

loads, schema
      --source <kind>     loads list: of one kind of source, such as nibrs or ukpolice_crime
      --dialect <name>    schema print: duckdb | postgres; with --spec, and --source nibrs,
                          ukpolice, ukpolice-area or ukpolice-archive  (default: all)

Other
      --json              one JSON document on standard output
  -q, --quiet             errors only
      --no-color          accepted; nothing is coloured
      --debug             show stack traces
      --version  -h, --help

Exit: 0 done, also when there was nothing new; 1 failed; 2 usage; 3 more faults in the data than
--max-issues allows; 130 interrupted. UK data: contains public sector information licensed under
the Open Government Licence v3.0.
`
