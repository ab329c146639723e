# System calls that reach the host: none of them may exist here. All arguments are 0, which does
# nothing where they do exist.
use Errno qw(ENOSYS);

my %calls = ( # x86-64, i386: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl
    create_module => [174, 127], init_module => [175, 128], delete_module => [176, 129],
    finit_module => [313, 350], kexec_load => [246, 283], kexec_file_load => [320, undef],
    bpf => [321, 357], open_by_handle_at => [304, 342], perf_event_open => [298, 336],
    userfaultfd => [323, 374], add_key => [248, 286], request_key => [249, 287], keyctl => [250, 288],
    io_uring_setup => [425, 425], io_uring_enter => [426, 426], io_uring_register => [427, 427],
    fanotify_init => [300, 338], iopl => [172, 110], ioperm => [173, 101], reboot => [169, 88],
    swapon => [167, 87], swapoff => [168, 115], acct => [163, 51], quotactl => [179, 131],
    syslog => [103, 103], settimeofday => [164, 79], clock_settime => [227, 264],
    clock_settime64 => [undef, 404], stime => [undef, 25], adjtimex => [159, 124],
    clock_adjtime => [305, 343], lookup_dcookie => [212, 253],
    # Its arguments lie in memory, where no filter can look: it would make any socket.
    socketcall => [undef, 102],
);
my $tried = 0;

sub wide {
    my ($name, $number) = @_;
    local $! = 0;
    my $result = syscall $number, 0, 0, 0, 0, 0, 0;
    $tried++;
    print "broken: $name exists ($!)\n" unless $result == -1 and $! == ENOSYS;
}

# A whole 32 bit program: mov ebx..edi, 0; mov eax, NUMBER; int 0x80; neg eax; mov ebx, eax; mov
# eax, 1; int 0x80. It exits with the error number.
sub narrow {
    my ($number) = @_;
    my $code = "\x31\xdb\x31\xc9\x31\xd2\x31\xf6\x31\xff\xb8" . pack('V', $number)
        . "\xcd\x80\xf7\xd8\x89\xc3\xb8\x01\0\0\0\xcd\x80";
    my ($base, $head) = (0x8048000, 52 + 32);
    my $size = $head + length $code;
    my $elf = "\x7fELF\1\1\1" . "\0" x 9
        . pack('vvVVVVVvvvvvv', 2, 3, 1, $base + $head, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        . pack('V8', 1, 0, $base, $base, $size, $size, 5, 4096);
    my $path = "/tmp/narrow.$$";
    open my $file, '>', $path or return;
    print $file $elf . $code;
    close $file;
    chmod 0700, $path;
    my $status = system { $path } $path;
    unlink $path;
    return $status == -1 ? undef : $status >> 8;
}

# geteuid: the program works, if the host runs such programs at all.
my $works = narrow(49);
for my $name (sort keys %calls) {
    my ($wide, $narrow) = @{$calls{$name}};
    if (defined $wide) {
        wide($name, $wide);
        wide("$name by x32's number", $wide | 0x40000000);
    }
    if (defined $works and defined $narrow) {
        my $error = narrow($narrow);
        $tried++;
        print "broken: $name exists in 32 bit (error $error)\n" unless $error == ENOSYS;
    }
}
my ($filter) = map { /^Seccomp:\s*(\d)/ ? $1 : () } do { open my $status, '<', '/proc/self/status'; <$status> };
# AF_VSOCK: where the host is itself a virtual machine, it leads to what runs it. Not tried without a
# filter, as the kernel would load a module for it.
print "broken: vsock exists\n" if $filter == 2 and syscall(41, 40, 1, 0) >= 0;
print "broken: no system call is filtered\n" unless $filter == 2;
print "saw: $tried calls, ", defined $works ? '32 bit too' : 'no 32 bit on this host', "\ndone\n";
