# Connects to every socket that it can find or guess, and asks the kernel who answers: the number of
# a process outside of this machine is 0 here. Given: @ABSTRACT and @PATHS, names of the
# host's; @OWN, whether there are some of this machine's own (1) or not (0).
use Socket;

my ($tried, $answered) = (0, 0);
my %listed;
sub knock {
    my ($name, $address) = @_;
    $tried++;
    for my $kind (SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM) {
        socket my $socket, AF_UNIX, $kind, 0 or next;
        connect $socket, $address or next;
        $answered++;
        # A datagram's receiver has no number to tell. The kernel lists all sockets of this network
        # namespace, so one that is not among them is somebody else's.
        if ($kind == SOCK_DGRAM) {
            print "broken: somebody of the host takes datagrams at $name\n" unless $listed{$name};
            next;
        }
        my ($pid) = unpack 'iii', getsockopt $socket, SOL_SOCKET, 17; # SO_PEERCRED
        print "broken: a process of the host answers at $name\n" if $pid == 0;
    }
}
sub abstract { "\0" . $_[0] }
# sockaddr_un with exactly the name's length, as abstract names need it.
sub address { pack 'Sa*', AF_UNIX, $_[0] }

sub search {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    for my $name (grep { $_ ne '.' and $_ ne '..' } readdir $handle) {
        my $path = "$folder/$name";
        next if $path =~ m{^//?(proc|sys)$};
        lstat $path or next;
        if (-d _) { search($path) }
        elsif (-S _ and length $path < 108) { knock($path, address("$path\0")) }
    }
}
my %abstract = map { $_ => 1 } @ABSTRACT;
my %paths = map { $_ => 1 } @PATHS;
open my $list, '<', '/proc/net/unix' or print "untried: no list of sockets\n";
while (<$list>) {
    my $name = (split ' ', $_, 8)[7] // next;
    chomp $name;
    $listed{$name} = 1;
    if ($name =~ s/^@//) { $abstract{$name} = 1 } else { $paths{$name} = 1 }
}
search('');
# What containerd's shim listens on, wherever it runs (CVE-2020-15257).
$abstract{"/containerd-shim/moby/$_/shim.sock\@"} = 1 for 'x';
knock("\@$_", address(abstract($_))) for sort keys %abstract;
knock($_, address("$_\0")) for grep { length $_ < 108 } sort keys %paths;
print "saw: $tried sockets tried, $answered answered, all of them this machine's own\n";
print "untried: none answered, not even this machine's own\n" if $OWN[0] and not $answered;
print "done\n";
