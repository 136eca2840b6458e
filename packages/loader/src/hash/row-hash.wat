;; XXH3-128 (seed 0) of each line of a text, many lines a call, and the same lines with a prefix,
;; as text or as binary tuples.
;;
;; Written after the specification of XXH3 (xxHash 0.8); held equal to a library in the tests.
;; Compiled to row-hash-module.ts by scripts/build-hash.mjs.
(module
  (memory (export "memory") 4)

  ;; 0: the 192-byte default secret; 256: accumulators; 512: two hexadecimal digits for each byte.
  (data (i32.const 0)
    "\b8\fe\6c\39\23\a4\4b\be\7c\01\81\2c\f7\21\ad\1c\de\d4\6d\e9\83\90\97\db\72\40\a4\a4\b7\b3\67\1f"
    "\cb\79\e6\4e\cc\c0\e5\78\82\5a\d0\7d\cc\ff\72\21\b8\08\46\74\f7\43\24\8e\e0\35\90\e6\81\3a\26\4c"
    "\3c\28\52\bb\91\c3\00\cb\88\d0\65\8b\1b\53\2e\a3\71\64\48\97\a2\0d\f9\4e\38\19\ef\46\a9\de\ac\d8"
    "\a8\fa\76\3f\e3\9c\34\3f\f9\dc\bb\c7\c7\0b\4f\1d\8a\51\e0\4b\cd\b4\59\31\c8\9f\7e\c9\d9\78\73\64"
    "\ea\c5\ac\83\34\d3\eb\c3\c5\81\a0\ff\fa\13\63\eb\17\0d\dd\51\b7\f0\da\49\d3\16\55\26\29\d4\68\9e"
    "\2b\16\be\58\7d\47\a1\fc\8f\f8\b8\d1\7a\d0\31\ce\45\cb\3a\8f\95\16\04\28\af\d7\fb\ca\bb\4b\40\7e")

  (global $low (mut i64) (i64.const 0))
  (global $high (mut i64) (i64.const 0))

  ;; Upper half of a 64 by 64 bit product.
  (func $mul_high (param $a i64) (param $b i64) (result i64)
    (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64) (local $m i64)
    (local.set $al (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bl (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $m (i64.add
      (i64.mul (local.get $ah) (local.get $bl))
      (i64.shr_u (i64.mul (local.get $al) (local.get $bl)) (i64.const 32))))
    (i64.add
      (i64.add (i64.mul (local.get $ah) (local.get $bh)) (i64.shr_u (local.get $m) (i64.const 32)))
      (i64.shr_u
        (i64.add (i64.mul (local.get $al) (local.get $bh))
          (i64.and (local.get $m) (i64.const 0xffffffff)))
        (i64.const 32))))

  (func $fold (param $a i64) (param $b i64) (result i64)
    (i64.xor (i64.mul (local.get $a) (local.get $b)) (call $mul_high (local.get $a) (local.get $b))))

  (func $avalanche (param $h i64) (result i64)
    (local.set $h (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 37))))
    (local.set $h (i64.mul (local.get $h) (i64.const 0x165667919E3779F9)))
    (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 32))))

  (func $avalanche64 (param $h i64) (result i64)
    (local.set $h (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 33))))
    (local.set $h (i64.mul (local.get $h) (i64.const 0xC2B2AE3D27D4EB4F)))
    (local.set $h (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 29))))
    (local.set $h (i64.mul (local.get $h) (i64.const 0x165667B19E3779F9)))
    (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 32))))

  (func $swap32 (param $x i32) (result i32)
    (i32.or
      (i32.and (i32.rotl (local.get $x) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $x) (i32.const 8)) (i32.const 0xff00ff00))))

  (func $swap64 (param $x i64) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (call $swap32 (i32.wrap_i64 (local.get $x)))) (i64.const 32))
      (i64.extend_i32_u (call $swap32 (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 32)))))))

  (func $mix16 (param $in i32) (param $secret i32) (result i64)
    (call $fold
      (i64.xor (i64.load align=1 (local.get $in)) (i64.load align=1 (local.get $secret)))
      (i64.xor (i64.load offset=8 align=1 (local.get $in))
        (i64.load offset=8 align=1 (local.get $secret)))))

  ;; Adds 16 bytes at a and 16 at b to the 128 bits in $low and $high.
  (func $mix32 (param $a i32) (param $b i32) (param $secret i32)
    (global.set $low (i64.xor
      (i64.add (global.get $low) (call $mix16 (local.get $a) (local.get $secret)))
      (i64.add (i64.load align=1 (local.get $b)) (i64.load offset=8 align=1 (local.get $b)))))
    (global.set $high (i64.xor
      (i64.add (global.get $high)
        (call $mix16 (local.get $b) (i32.add (local.get $secret) (i32.const 16))))
      (i64.add (i64.load align=1 (local.get $a)) (i64.load offset=8 align=1 (local.get $a))))))

  (func $hash_0_to_16 (param $in i32) (param $length i32)
    (local $long i64) (local $a i64) (local $b i64) (local $c i32)
    (local.set $long (i64.extend_i32_u (local.get $length)))
    (if (i32.eqz (local.get $length)) (then
      (global.set $low (call $avalanche64
        (i64.xor (i64.load (i32.const 64)) (i64.load (i32.const 72)))))
      (global.set $high (call $avalanche64
        (i64.xor (i64.load (i32.const 80)) (i64.load (i32.const 88)))))
      (return)))
    (if (i32.lt_u (local.get $length) (i32.const 4)) (then
      (local.set $c (i32.or
        (i32.or
          (i32.shl (i32.load8_u (local.get $in)) (i32.const 16))
          (i32.shl
            (i32.load8_u
              (i32.add (local.get $in) (i32.shr_u (local.get $length) (i32.const 1))))
            (i32.const 24)))
        (i32.or
          (i32.load8_u (i32.sub (i32.add (local.get $in) (local.get $length)) (i32.const 1)))
          (i32.shl (local.get $length) (i32.const 8)))))
      (global.set $low (call $avalanche64 (i64.extend_i32_u
        (i32.xor (local.get $c)
          (i32.xor (i32.load (i32.const 0)) (i32.load (i32.const 4)))))))
      (global.set $high (call $avalanche64 (i64.extend_i32_u
        (i32.xor (i32.rotl (call $swap32 (local.get $c)) (i32.const 13))
          (i32.xor (i32.load (i32.const 8)) (i32.load (i32.const 12)))))))
      (return)))
    (if (i32.lt_u (local.get $length) (i32.const 9)) (then
      (local.set $a (i64.xor
        (i64.or
          (i64.load32_u align=1 (local.get $in))
          (i64.shl
            (i64.load32_u align=1
              (i32.sub (i32.add (local.get $in) (local.get $length)) (i32.const 4)))
            (i64.const 32)))
        (i64.xor (i64.load (i32.const 16)) (i64.load (i32.const 24)))))
      (local.set $b (i64.add (i64.const 0x9E3779B185EBCA87)
        (i64.shl (local.get $long) (i64.const 2))))
      (global.set $low (i64.mul (local.get $a) (local.get $b)))
      (global.set $high (i64.add (call $mul_high (local.get $a) (local.get $b))
        (i64.shl (global.get $low) (i64.const 1))))
      (local.set $a (i64.xor (global.get $low) (i64.shr_u (global.get $high) (i64.const 3))))
      (local.set $a (i64.mul
        (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 35)))
        (i64.const 0x9FB21C651E98DF25)))
      (global.set $low (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 28))))
      (global.set $high (call $avalanche (global.get $high)))
      (return)))
    (local.set $b (i64.load align=1
      (i32.sub (i32.add (local.get $in) (local.get $length)) (i32.const 8))))
    (local.set $a (i64.xor
      (i64.xor (i64.load align=1 (local.get $in)) (local.get $b))
      (i64.xor (i64.load (i32.const 32)) (i64.load (i32.const 40)))))
    (global.set $low (i64.add
      (i64.mul (local.get $a) (i64.const 0x9E3779B185EBCA87))
      (i64.shl (i64.sub (local.get $long) (i64.const 1)) (i64.const 54))))
    (local.set $b (i64.xor (local.get $b)
      (i64.xor (i64.load (i32.const 48)) (i64.load (i32.const 56)))))
    (global.set $high (i64.add
      (call $mul_high (local.get $a) (i64.const 0x9E3779B185EBCA87))
      (i64.add (local.get $b)
        (i64.mul (i64.and (local.get $b) (i64.const 0xffffffff)) (i64.const 0x85EBCA76)))))
    (local.set $a (i64.xor (global.get $low) (call $swap64 (global.get $high))))
    (global.set $high (call $avalanche (i64.add
      (call $mul_high (local.get $a) (i64.const 0xC2B2AE3D27D4EB4F))
      (i64.mul (global.get $high) (i64.const 0xC2B2AE3D27D4EB4F)))))
    (global.set $low (call $avalanche
      (i64.mul (local.get $a) (i64.const 0xC2B2AE3D27D4EB4F)))))

  ;; Ends hashes of 17 to 240 bytes.
  (func $finish_middle (param $length i32)
    (local $low i64) (local $high i64)
    (local.set $low (global.get $low))
    (local.set $high (global.get $high))
    (global.set $low (call $avalanche (i64.add (local.get $low) (local.get $high))))
    (global.set $high (i64.sub (i64.const 0) (call $avalanche
      (i64.add
        (i64.add
          (i64.mul (local.get $low) (i64.const 0x9E3779B185EBCA87))
          (i64.mul (local.get $high) (i64.const 0x85EBCA77C2B2AE63)))
        (i64.mul (i64.extend_i32_u (local.get $length)) (i64.const 0xC2B2AE3D27D4EB4F)))))))

  (func $hash_17_to_128 (param $in i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $in) (local.get $length)))
    (global.set $low (i64.mul (i64.extend_i32_u (local.get $length)) (i64.const 0x9E3779B185EBCA87)))
    (global.set $high (i64.const 0))
    (if (i32.gt_u (local.get $length) (i32.const 96)) (then
      (call $mix32 (i32.add (local.get $in) (i32.const 48))
        (i32.sub (local.get $end) (i32.const 64)) (i32.const 96))))
    (if (i32.gt_u (local.get $length) (i32.const 64)) (then
      (call $mix32 (i32.add (local.get $in) (i32.const 32))
        (i32.sub (local.get $end) (i32.const 48)) (i32.const 64))))
    (if (i32.gt_u (local.get $length) (i32.const 32)) (then
      (call $mix32 (i32.add (local.get $in) (i32.const 16))
        (i32.sub (local.get $end) (i32.const 32)) (i32.const 32))))
    (call $mix32 (local.get $in) (i32.sub (local.get $end) (i32.const 16)) (i32.const 0))
    (call $finish_middle (local.get $length)))

  (func $hash_129_to_240 (param $in i32) (param $length i32)
    (local $i i32) (local $end i32)
    (local.set $end (i32.add (local.get $in) (local.get $length)))
    (global.set $low (i64.mul (i64.extend_i32_u (local.get $length)) (i64.const 0x9E3779B185EBCA87)))
    (global.set $high (i64.const 0))
    (local.set $i (i32.const 32))
    (loop $first
      (call $mix32
        (i32.sub (i32.add (local.get $in) (local.get $i)) (i32.const 32))
        (i32.sub (i32.add (local.get $in) (local.get $i)) (i32.const 16))
        (i32.sub (local.get $i) (i32.const 32)))
      (local.set $i (i32.add (local.get $i) (i32.const 32)))
      (br_if $first (i32.lt_u (local.get $i) (i32.const 160))))
    (global.set $low (call $avalanche (global.get $low)))
    (global.set $high (call $avalanche (global.get $high)))
    (block $done
      (loop $rest
        (br_if $done (i32.gt_u (local.get $i) (local.get $length)))
        (call $mix32
          (i32.sub (i32.add (local.get $in) (local.get $i)) (i32.const 32))
          (i32.sub (i32.add (local.get $in) (local.get $i)) (i32.const 16))
          (i32.sub (local.get $i) (i32.const 157)))
        (local.set $i (i32.add (local.get $i) (i32.const 32)))
        (br $rest)))
    (call $mix32 (i32.sub (local.get $end) (i32.const 16)) (i32.sub (local.get $end) (i32.const 32))
      (i32.const 103))
    (call $finish_middle (local.get $length)))

  (func $accumulate (param $in i32) (param $secret i32)
    (local $i i32) (local $value i64) (local $key i64) (local $twin i32)
    (loop $lane
      (local.set $value (i64.load align=1 (i32.add (local.get $in) (local.get $i))))
      (local.set $key (i64.xor (local.get $value)
        (i64.load align=1 (i32.add (local.get $secret) (local.get $i)))))
      (local.set $twin (i32.xor (local.get $i) (i32.const 8)))
      (i64.store offset=256 (local.get $twin)
        (i64.add (i64.load offset=256 (local.get $twin)) (local.get $value)))
      (i64.store offset=256 (local.get $i)
        (i64.add (i64.load offset=256 (local.get $i))
          (i64.mul (i64.and (local.get $key) (i64.const 0xffffffff))
            (i64.shr_u (local.get $key) (i64.const 32)))))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $lane (i32.lt_u (local.get $i) (i32.const 64)))))

  (func $scramble
    (local $i i32) (local $value i64)
    (loop $lane
      (local.set $value (i64.load offset=256 (local.get $i)))
      (local.set $value (i64.xor (local.get $value) (i64.shr_u (local.get $value) (i64.const 47))))
      (i64.store offset=256 (local.get $i)
        (i64.mul (i64.xor (local.get $value) (i64.load offset=128 (local.get $i)))
          (i64.const 0x9E3779B1)))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $lane (i32.lt_u (local.get $i) (i32.const 64)))))

  (func $merge (param $secret i32) (param $sum i64) (result i64)
    (local $i i32)
    (loop $pair
      (local.set $sum (i64.add (local.get $sum) (call $fold
        (i64.xor (i64.load offset=256 (local.get $i))
          (i64.load align=1 (i32.add (local.get $secret) (local.get $i))))
        (i64.xor (i64.load offset=264 (local.get $i))
          (i64.load offset=8 align=1 (i32.add (local.get $secret) (local.get $i)))))))
      (local.set $i (i32.add (local.get $i) (i32.const 16)))
      (br_if $pair (i32.lt_u (local.get $i) (i32.const 64))))
    (call $avalanche (local.get $sum)))

  (func $hash_long (param $in i32) (param $length i32)
    (local $stripe i32) (local $at i32) (local $last i32)
    (i64.store (i32.const 256) (i64.const 0xC2B2AE3D))
    (i64.store (i32.const 264) (i64.const 0x9E3779B185EBCA87))
    (i64.store (i32.const 272) (i64.const 0xC2B2AE3D27D4EB4F))
    (i64.store (i32.const 280) (i64.const 0x165667B19E3779F9))
    (i64.store (i32.const 288) (i64.const 0x85EBCA77C2B2AE63))
    (i64.store (i32.const 296) (i64.const 0x85EBCA77))
    (i64.store (i32.const 304) (i64.const 0x27D4EB2F165667C5))
    (i64.store (i32.const 312) (i64.const 0x9E3779B1))
    ;; Whole stripes of 64 bytes that end before the last byte; after 16 of them the lanes are mixed.
    (local.set $at (local.get $in))
    (local.set $last (i32.sub (i32.add (local.get $in) (local.get $length)) (i32.const 64)))
    (block $done
      (loop $stripes
        (br_if $done (i32.ge_u (local.get $at) (local.get $last)))
        (call $accumulate (local.get $at) (i32.shl (local.get $stripe) (i32.const 3)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $stripe (i32.add (local.get $stripe) (i32.const 1)))
        (if (i32.eq (local.get $stripe) (i32.const 16)) (then
          (call $scramble)
          (local.set $stripe (i32.const 0))))
        (br $stripes)))
    (call $accumulate (local.get $last) (i32.const 121))
    (global.set $low (call $merge (i32.const 11)
      (i64.mul (i64.extend_i32_u (local.get $length)) (i64.const 0x9E3779B185EBCA87))))
    (global.set $high (call $merge (i32.const 117)
      (i64.xor
        (i64.mul (i64.extend_i32_u (local.get $length)) (i64.const 0xC2B2AE3D27D4EB4F))
        (i64.const -1)))))

  (func $hash (param $in i32) (param $length i32)
    (if (i32.le_u (local.get $length) (i32.const 16)) (then
      (call $hash_0_to_16 (local.get $in) (local.get $length)) (return)))
    (if (i32.le_u (local.get $length) (i32.const 128)) (then
      (call $hash_17_to_128 (local.get $in) (local.get $length)) (return)))
    (if (i32.le_u (local.get $length) (i32.const 240)) (then
      (call $hash_129_to_240 (local.get $in) (local.get $length)) (return)))
    (call $hash_long (local.get $in) (local.get $length)))

  ;; 16 hexadecimal digits, most significant first.
  (func $write_hex (param $value i64) (param $out i32)
    (local $shift i64)
    (local.set $shift (i64.const 56))
    (loop $byte
      (i32.store16 align=1 (local.get $out)
        (i32.load16_u offset=512 (i32.shl
          (i32.wrap_i64 (i64.and (i64.shr_u (local.get $value) (local.get $shift)) (i64.const 255)))
          (i32.const 1))))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (local.set $shift (i64.sub (local.get $shift) (i64.const 8)))
      (br_if $byte (i64.ge_s (local.get $shift) (i64.const 0)))))

  ;; Fills the table of hexadecimal digits; called once.
  (func (export "prepare")
    (local $i i32) (local $high i32) (local $low i32)
    (loop $byte
      (local.set $high (i32.shr_u (local.get $i) (i32.const 4)))
      (local.set $low (i32.and (local.get $i) (i32.const 15)))
      (i32.store8 offset=512 (i32.shl (local.get $i) (i32.const 1))
        (i32.add (local.get $high)
          (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $high) (i32.const 9)))))
      (i32.store8 offset=513 (i32.shl (local.get $i) (i32.const 1))
        (i32.add (local.get $low)
          (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $low) (i32.const 9)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $byte (i32.lt_u (local.get $i) (i32.const 256)))))

  ;; Hashes each line of text, without its line feed, to 32 digits at $hashes, and puts the address
  ;; behind each line at $ends. A line feed between double quotes is part of the line.
  ;; Returns the number of lines; stops after $most.
  (func (export "hashLines")
    (param $text i32) (param $end i32) (param $hashes i32) (param $ends i32) (param $most i32)
    (result i32)
    (local $at i32) (local $start i32) (local $marks i32) (local $quotes i32) (local $quoted i32)
    (local $bit i32) (local $next i32) (local $count i32) (local $block v128)
    (local.set $at (local.get $text))
    (local.set $start (local.get $text))
    (block $done
      (loop $blocks
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $block (v128.load align=1 (local.get $at)))
        (local.set $quotes (i8x16.bitmask
          (i8x16.eq (local.get $block) (i8x16.splat (i32.const 34)))))
        (local.set $marks (i32.or (local.get $quotes) (i8x16.bitmask
          (i8x16.eq (local.get $block) (i8x16.splat (i32.const 10))))))
        (block $clear
          (loop $mark
            (br_if $clear (i32.eqz (local.get $marks)))
            (local.set $bit (i32.ctz (local.get $marks)))
            (local.set $marks (i32.and (local.get $marks)
              (i32.sub (local.get $marks) (i32.const 1))))
            (local.set $next (i32.add (local.get $at) (local.get $bit)))
            (br_if $done (i32.ge_u (local.get $next) (local.get $end)))
            (if (i32.and (i32.shr_u (local.get $quotes) (local.get $bit)) (i32.const 1))
              (then (local.set $quoted (i32.xor (local.get $quoted) (i32.const 1)))
                (br $mark)))
            (br_if $mark (local.get $quoted))
            (call $hash (local.get $start) (i32.sub (local.get $next) (local.get $start)))
            (call $write_hex (global.get $high) (local.get $hashes))
            (call $write_hex (global.get $low) (i32.add (local.get $hashes) (i32.const 16)))
            (local.set $hashes (i32.add (local.get $hashes) (i32.const 32)))
            (local.set $start (i32.add (local.get $next) (i32.const 1)))
            (i32.store (local.get $ends) (local.get $start))
            (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (br_if $done (i32.ge_u (local.get $count) (local.get $most)))
            (br $mark)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $blocks)))
    (local.get $count))

  ;; Writes `<prefix><hash>,<record>,<line>` with its line feed for each line; returns the address
  ;; behind. Up to 16 bytes more may be written.
  (func (export "prefixLines")
    (param $text i32) (param $ends i32) (param $hashes i32) (param $records i32) (param $count i32)
    (param $prefix i32) (param $prefixEnd i32) (param $out i32) (result i32)
    (local $end i32) (local $target i32) (local $number i32) (local $digits i32) (local $at i32)
    (block $done
      (loop $line
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (local.get $prefix))
        (local.set $target (i32.add (local.get $out)
          (i32.sub (local.get $prefixEnd) (local.get $prefix))))
        (block $copied
          (loop $copy
            (br_if $copied (i32.ge_u (local.get $at) (local.get $prefixEnd)))
            (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $at)))
            (local.set $out (i32.add (local.get $out) (i32.const 16)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br $copy)))
        (local.set $out (local.get $target))
        (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $hashes)))
        (v128.store offset=16 align=1 (local.get $out)
          (v128.load offset=16 align=1 (local.get $hashes)))
        (i32.store8 offset=32 (local.get $out) (i32.const 44))
        (local.set $out (i32.add (local.get $out) (i32.const 33)))
        ;; Digits are counted first, then written from the last one.
        (local.set $number (i32.load (local.get $records)))
        (local.set $digits (local.get $number))
        (local.set $target (local.get $out))
        (loop $digit
          (local.set $target (i32.add (local.get $target) (i32.const 1)))
          (local.set $digits (i32.div_u (local.get $digits) (i32.const 10)))
          (br_if $digit (local.get $digits)))
        (local.set $out (local.get $target))
        (loop $digit
          (local.set $target (i32.sub (local.get $target) (i32.const 1)))
          (i32.store8 (local.get $target)
            (i32.add (i32.rem_u (local.get $number) (i32.const 10)) (i32.const 48)))
          (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
          (br_if $digit (local.get $number)))
        (i32.store8 (local.get $out) (i32.const 44))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (local.set $end (i32.load (local.get $ends)))
        (local.set $target (i32.add (local.get $out) (i32.sub (local.get $end) (local.get $text))))
        (loop $copy
          (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $text)))
          (local.set $out (i32.add (local.get $out) (i32.const 16)))
          (local.set $text (i32.add (local.get $text) (i32.const 16)))
          (br_if $copy (i32.lt_u (local.get $text) (local.get $end))))
        (local.set $out (local.get $target))
        (local.set $text (local.get $end))
        (local.set $hashes (i32.add (local.get $hashes) (i32.const 32)))
        (local.set $records (i32.add (local.get $records) (i32.const 4)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $line)))
    (local.get $out))

  ;; From here on: lines as tuples of PostgreSQL's binary COPY, where numbers are big-endian.

  ;; Next byte of the text, and of the output.
  (global $cursor (mut i32) (i32.const 0))
  (global $target (mut i32) (i32.const 0))

  (func $put32 (param $value i32)
    (i32.store align=1 (global.get $target) (call $swap32 (local.get $value)))
    (global.set $target (i32.add (global.get $target) (i32.const 4))))

  (func $put64 (param $value i64)
    (i64.store align=1 (global.get $target) (call $swap64 (local.get $value)))
    (global.set $target (i32.add (global.get $target) (i32.const 8))))

  (func $put16 (param $value i32)
    (i32.store8 (global.get $target) (i32.shr_u (local.get $value) (i32.const 8)))
    (i32.store8 offset=1 (global.get $target) (local.get $value))
    (global.set $target (i32.add (global.get $target) (i32.const 2))))

  ;; 16 hexadecimal digits of lower case as eight numbers of 16 bits, each below 256.
  (func $octets (param $digits v128) (result v128)
    (local $letters v128)
    (local.set $letters (i8x16.shr_u (local.get $digits) (i32.const 6)))
    (local.set $digits (i8x16.add
      (v128.and (local.get $digits) (i8x16.splat (i32.const 15)))
      (i8x16.add (i8x16.shl (local.get $letters) (i32.const 3)) (local.get $letters))))
    (v128.or
      (i16x8.shl (v128.and (local.get $digits) (i16x8.splat (i32.const 255))) (i32.const 4))
      (i16x8.shr_u (local.get $digits) (i32.const 8))))

  ;; Digits up to the next other character.
  (func $digits (result i64)
    (local $number i64) (local $digit i32) (local $at i32)
    (local.set $at (global.get $cursor))
    (block $end
      (loop $more
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $end (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $number (i64.add (i64.mul (local.get $number) (i64.const 10))
          (i64.extend_i32_u (local.get $digit))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more)))
    (global.set $cursor (local.get $at))
    (local.get $number))

  ;; Passes over a minus sign: 1 if there was one.
  (func $minus (result i32)
    (local $found i32)
    (local.set $found (i32.eq (i32.load8_u (global.get $cursor)) (i32.const 45)))
    (global.set $cursor (i32.add (global.get $cursor) (local.get $found)))
    (local.get $found))

  ;; Text without quotes: up to the next comma or line feed.
  (func $plain_cell
    (local $at i32) (local $start i32) (local $to i32) (local $data v128) (local $found i32)
    (local.set $at (global.get $cursor))
    (local.set $start (i32.add (global.get $target) (i32.const 4)))
    (local.set $to (local.get $start))
    (block $end
      (loop $more
        (local.set $data (v128.load align=1 (local.get $at)))
        (v128.store align=1 (local.get $to) (local.get $data))
        (local.set $found (i8x16.bitmask (v128.or
          (i8x16.eq (local.get $data) (i8x16.splat (i32.const 44)))
          (i8x16.eq (local.get $data) (i8x16.splat (i32.const 10))))))
        (br_if $end (local.get $found))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $more)))
    (local.set $found (i32.ctz (local.get $found)))
    (global.set $cursor (i32.add (local.get $at) (local.get $found)))
    (local.set $to (i32.add (local.get $to) (local.get $found)))
    (i32.store align=1 (global.get $target)
      (call $swap32 (i32.sub (local.get $to) (local.get $start))))
    (global.set $target (local.get $to)))

  ;; Text in quotes, with its quotes doubled.
  (func $quoted_cell
    (local $start i32) (local $byte i32)
    (local.set $start (global.get $target))
    (global.set $target (i32.add (local.get $start) (i32.const 4)))
    (block $end
      (loop $more
        (global.set $cursor (i32.add (global.get $cursor) (i32.const 1)))
        (local.set $byte (i32.load8_u (global.get $cursor)))
        (if (i32.eq (local.get $byte) (i32.const 34)) (then
          (global.set $cursor (i32.add (global.get $cursor) (i32.const 1)))
          (br_if $end (i32.ne (i32.load8_u (global.get $cursor)) (i32.const 34)))))
        (i32.store8 (global.get $target) (local.get $byte))
        (global.set $target (i32.add (global.get $target) (i32.const 1)))
        (br $more)))
    (i32.store align=1 (local.get $start) (call $swap32
      (i32.sub (i32.sub (global.get $target) (local.get $start)) (i32.const 4)))))

  (func $integer_cell (param $width i32)
    (local $minus i32) (local $number i64)
    (local.set $minus (call $minus))
    (local.set $number (call $digits))
    (if (local.get $minus) (then
      (local.set $number (i64.sub (i64.const 0) (local.get $number)))))
    (call $put32 (local.get $width))
    (if (i32.eq (local.get $width) (i32.const 4))
      (then (call $put32 (i32.wrap_i64 (local.get $number))))
      (else (call $put64 (local.get $number)))))

  (func $two_digits (param $at i32) (result i32)
    (i32.sub
      (i32.add
        (i32.mul (i32.load8_u (local.get $at)) (i32.const 10))
        (i32.load8_u offset=1 (local.get $at)))
      (i32.const 528)))

  ;; Days since 2000-01-01 of the Gregorian calendar, by years that begin in March.
  (func $date_cell
    (local $year i32) (local $month i32) (local $day i32) (local $at i32)
    (local.set $at (global.get $cursor))
    (local.set $year (i32.add
      (i32.mul (call $two_digits (local.get $at)) (i32.const 100))
      (call $two_digits (i32.add (local.get $at) (i32.const 2)))))
    (local.set $month (call $two_digits (i32.add (local.get $at) (i32.const 5))))
    (local.set $day (call $two_digits (i32.add (local.get $at) (i32.const 8))))
    (global.set $cursor (i32.add (local.get $at) (i32.const 10)))
    (if (i32.le_u (local.get $month) (i32.const 2))
      (then
        (local.set $year (i32.sub (local.get $year) (i32.const 1)))
        (local.set $month (i32.add (local.get $month) (i32.const 9))))
      (else (local.set $month (i32.sub (local.get $month) (i32.const 3)))))
    (call $put32 (i32.const 4))
    (call $put32 (i32.sub
      (i32.add
        (i32.add
          (i32.mul (local.get $year) (i32.const 365))
          (i32.add
            (i32.sub
              (i32.div_u (local.get $year) (i32.const 4))
              (i32.div_u (local.get $year) (i32.const 100)))
            (i32.div_u (local.get $year) (i32.const 400))))
        (i32.add
          (i32.div_u
            (i32.add (i32.mul (local.get $month) (i32.const 153)) (i32.const 2)) (i32.const 5))
          (local.get $day)))
      (i32.const 730426))))

  ;; `true` or `false`.
  (func $flag_cell
    (local $true i32)
    (local.set $true (i32.eq (i32.load8_u (global.get $cursor)) (i32.const 116)))
    (global.set $cursor (i32.add (global.get $cursor)
      (i32.sub (i32.const 5) (local.get $true))))
    (call $put32 (i32.const 1))
    (i32.store8 (global.get $target) (local.get $true))
    (global.set $target (i32.add (global.get $target) (i32.const 1))))

  ;; Five groups of four digits before the point and `$scale` digits behind it, to whole groups.
  (func $decimal_cell (param $scale i32)
    (local $minus i32) (local $whole i64) (local $fraction i64) (local $start i32)
    (local $groups i32) (local $divisor i64) (local $missing i32)
    (local.set $minus (call $minus))
    (local.set $whole (call $digits))
    (local.set $groups (i32.shr_u (i32.add (local.get $scale) (i32.const 3)) (i32.const 2)))
    (local.set $missing (i32.shl (local.get $groups) (i32.const 2)))
    (if (i32.eq (i32.load8_u (global.get $cursor)) (i32.const 46)) (then
      (global.set $cursor (i32.add (global.get $cursor) (i32.const 1)))
      (local.set $start (global.get $cursor))
      (local.set $fraction (call $digits))
      (local.set $missing (i32.sub (local.get $missing)
        (i32.sub (global.get $cursor) (local.get $start))))))
    (block $filled
      (loop $fill
        (br_if $filled (i32.le_s (local.get $missing) (i32.const 0)))
        (local.set $fraction (i64.mul (local.get $fraction) (i64.const 10)))
        (local.set $missing (i32.sub (local.get $missing) (i32.const 1)))
        (br $fill)))
    (call $put32 (i32.add (i32.const 18) (i32.shl (local.get $groups) (i32.const 1))))
    (call $put16 (i32.add (i32.const 5) (local.get $groups)))
    (call $put16 (i32.const 4))
    (call $put16 (i32.shl (local.get $minus) (i32.const 14)))
    (call $put16 (local.get $scale))
    (local.set $divisor (i64.const 10000000000000000))
    (loop $group
      (call $put16 (i32.wrap_i64 (i64.rem_u
        (i64.div_u (local.get $whole) (local.get $divisor)) (i64.const 10000))))
      (local.set $divisor (i64.div_u (local.get $divisor) (i64.const 10000)))
      (br_if $group (i64.ne (local.get $divisor) (i64.const 0))))
    (local.set $divisor (i64.const 1))
    (local.set $missing (local.get $groups))
    (block $scaled
      (loop $scaling
        (br_if $scaled (i32.le_s (local.get $missing) (i32.const 1)))
        (local.set $divisor (i64.mul (local.get $divisor) (i64.const 10000)))
        (local.set $missing (i32.sub (local.get $missing) (i32.const 1)))
        (br $scaling)))
    (block $written
      (loop $group
        (br_if $written (i32.eqz (local.get $groups)))
        (call $put16 (i32.wrap_i64 (i64.rem_u
          (i64.div_u (local.get $fraction) (local.get $divisor)) (i64.const 10000))))
        (local.set $divisor (i64.div_u (local.get $divisor) (i64.const 10000)))
        (local.set $groups (i32.sub (local.get $groups) (i32.const 1)))
        (br $group))))

  ;; One cell by its type: see COLUMN_CODES in line-hasher.ts.
  (func $cell (param $type i32)
    (local $byte i32)
    (local.set $byte (i32.load8_u (global.get $cursor)))
    (if (i32.or (i32.eq (local.get $byte) (i32.const 44)) (i32.eq (local.get $byte) (i32.const 10)))
      (then
        (i32.store align=1 (global.get $target) (i32.const -1))
        (global.set $target (i32.add (global.get $target) (i32.const 4)))
        (return)))
    (if (i32.eqz (local.get $type)) (then
      (if (i32.eq (local.get $byte) (i32.const 34))
        (then (call $quoted_cell))
        (else (call $plain_cell)))
      (return)))
    (if (i32.eq (local.get $type) (i32.const 1)) (then
      (call $integer_cell (i32.const 4)) (return)))
    (if (i32.eq (local.get $type) (i32.const 2)) (then
      (call $integer_cell (i32.const 8)) (return)))
    (if (i32.eq (local.get $type) (i32.const 3)) (then (call $date_cell) (return)))
    (if (i32.eq (local.get $type) (i32.const 4)) (then (call $flag_cell) (return)))
    (call $decimal_cell (i32.sub (local.get $type) (i32.const 16))))

  ;; Writes `<prefix><hash><record><fields>` for each line; returns the address behind, or 0 when a
  ;; line does not have a cell for each type. Up to 64 bytes more may be written.
  (func (export "tupleLines")
    (param $text i32) (param $ends i32) (param $hashes i32) (param $records i32) (param $count i32)
    (param $types i32) (param $typesEnd i32) (param $prefix i32) (param $prefixEnd i32)
    (param $out i32) (result i32)
    (local $at i32) (local $type i32) (local $run i32) (local $cells v128) (local $commas v128)
    (global.set $cursor (local.get $text))
    (global.set $target (local.get $out))
    (block $done
      (loop $line
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (local.get $prefix))
        (local.set $out (global.get $target))
        (block $copied
          (loop $copy
            (br_if $copied (i32.ge_u (local.get $at) (local.get $prefixEnd)))
            (v128.store align=1 (local.get $out) (v128.load align=1 (local.get $at)))
            (local.set $out (i32.add (local.get $out) (i32.const 16)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br $copy)))
        (global.set $target (i32.add (global.get $target)
          (i32.sub (local.get $prefixEnd) (local.get $prefix))))
        (call $put32 (i32.const 16))
        (v128.store align=1 (global.get $target) (i8x16.narrow_i16x8_u
          (call $octets (v128.load align=1 (local.get $hashes)))
          (call $octets (v128.load offset=16 align=1 (local.get $hashes)))))
        (global.set $target (i32.add (global.get $target) (i32.const 16)))
        (call $put32 (i32.const 8))
        (call $put64 (i64.extend_i32_u (i32.load (local.get $records))))
        (local.set $type (local.get $types))
        ;; Runs of cells without a value and short texts, which most cells are, take no call.
        (local.set $at (global.get $cursor))
        (local.set $out (global.get $target))
        (loop $next
          (local.set $cells (v128.load align=1 (local.get $at)))
          (local.set $commas (i8x16.eq (local.get $cells) (i8x16.splat (i32.const 44))))
          ;; Commas in a row: as many cells without a value, each with the length -1.
          (local.set $run (i32.ctz (i32.xor (i32.const -1) (i8x16.bitmask (local.get $commas)))))
          (if (local.get $run) (then
            (local.set $type (i32.add (local.get $type) (local.get $run)))
            (if (i32.ge_u (local.get $type) (local.get $typesEnd)) (then (return (i32.const 0))))
            (v128.store align=1 (local.get $out) (i8x16.splat (i32.const -1)))
            (v128.store offset=16 align=1 (local.get $out) (i8x16.splat (i32.const -1)))
            (v128.store offset=32 align=1 (local.get $out) (i8x16.splat (i32.const -1)))
            (v128.store offset=48 align=1 (local.get $out) (i8x16.splat (i32.const -1)))
            (local.set $out (i32.add (local.get $out) (i32.shl (local.get $run) (i32.const 2))))
            (local.set $at (i32.add (local.get $at) (local.get $run)))
            (br $next)))
          (block $written
            (block $other
              (br_if $other (i32.load8_u (local.get $type)))
              (br_if $other (i32.eq (i32.load8_u (local.get $at)) (i32.const 34)))
              ;; A text of up to 15 bytes.
              (local.set $run (i8x16.bitmask (v128.or (local.get $commas)
                (i8x16.eq (local.get $cells) (i8x16.splat (i32.const 10))))))
              (br_if $other (i32.eqz (local.get $run)))
              (local.set $run (i32.ctz (local.get $run)))
              (br_if $other (i32.eqz (local.get $run)))
              (i32.store align=1 (local.get $out) (i32.shl (local.get $run) (i32.const 24)))
              (v128.store offset=4 align=1 (local.get $out) (local.get $cells))
              (local.set $at (i32.add (local.get $at) (local.get $run)))
              (local.set $out (i32.add (local.get $out)
                (i32.add (local.get $run) (i32.const 4))))
              (br $written))
            (global.set $cursor (local.get $at))
            (global.set $target (local.get $out))
            (call $cell (i32.load8_u (local.get $type)))
            (local.set $at (global.get $cursor))
            (local.set $out (global.get $target)))
          (local.set $type (i32.add (local.get $type) (i32.const 1)))
          (if (i32.lt_u (local.get $type) (local.get $typesEnd)) (then
            (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 44))
              (then (return (i32.const 0))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next))))
        (global.set $target (local.get $out))
        (global.set $cursor (i32.add (local.get $at) (i32.const 1)))
        (if (i32.ne (global.get $cursor) (i32.load (local.get $ends)))
          (then (return (i32.const 0))))
        (local.set $hashes (i32.add (local.get $hashes) (i32.const 32)))
        (local.set $records (i32.add (local.get $records) (i32.const 4)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $line)))
    (global.get $target))
)
