# SPDX-License-Identifier: MIT
# For the scripts beside it: each checks with `is`, and ends with `finish-tests`.

set confirm off
set pagination off
set width 0
set debuginfod enabled off
set $failures = 0
set $cases = 0

# is NAME VALUE EXPECTED, in expressions without spaces
define is
  set $cases = $cases + 1
  if ($arg1) == ($arg2)
    echo ok $arg0\n
  else
    set $failures = $failures + 1
    printf "not ok $arg0: %d (0x%x) is not %d\n", (int)($arg1), (int)($arg1), (int)($arg2)
  end
end

# finish-tests CASES: none was left out
define finish-tests
  is cases $cases $arg0
  quit $failures
end
