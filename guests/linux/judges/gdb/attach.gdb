# A program that runs already: attached to, changed, let go, and attached to again.
source common.gdb
shell ./debuggee attach & until grep -q ^./debuggee /proc/$!/cmdline; do sleep 1; done; echo "attach $!" >/tmp/attach.gdb
source /tmp/attach.gdb
is waits released 0
set $seen = ready
watch ready
continue
is goes-on ready $seen+1
delete
detach
shell sleep 1
source /tmp/attach.gdb
is went-on ready>$seen+5 1
set var released=42
continue
is end $_exitcode 0
finish-tests 5
