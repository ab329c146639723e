# Opens every file below @ROOTS for writing, and lists those that it could and that are not the
# machine's own. Writes nothing.
use Fcntl;

# What the kernel keeps once for each namespace, and so is the machine's own; values.pl shows that it
# is, by changing it. And what holds for the opener alone.
my @own = (
    qr{^/proc/sys/net/},                                                  # network
    qr{^/sys/devices/virtual/net/},                                       # network
    qr{^/proc/sys/kernel/(auto_msgmni|msg\w+|sem\w*|shm\w+)$},            # ipc
    qr{^/proc/sys/fs/mqueue/},                                            # ipc
    qr{^/proc/sys/kernel/(hostname|domainname)$},                         # uts
    qr{^/proc/sys/kernel/(ns_last_pid|pid_max)$},                         # pid; pid_max since 6.14
    qr{^/proc/sys/user/max_\w+$},                                         # user
    qr{^/proc/pressure/\w+$},      # a watch on the load, which ends with the open file: psi.rst
    qr{^/sys/fs/cgroup/},          # groups.sh looks at these
);
# The host's, which the kernel lets every network namespace turn on, for good: light tunnels' packets
# then pass the firewall as well (nf_conntrack-sysctl.rst). machined turns it itself, and then there is
# nothing left to change.
my $one_way = '/proc/sys/net/netfilter/nf_hooks_lwtunnel';
my ($files, $own) = (0, 0);

sub is_on { open my $file, '<', $_[0] or return 0; return <$file> =~ /^1$/ }
sub opens { sysopen my $file, $_[0], O_WRONLY | O_NONBLOCK }

sub walk {
    my ($folder) = @_;
    opendir my $handle, $folder or return;
    for my $name (grep { $_ ne '.' and $_ ne '..' } readdir $handle) {
        my $path = "$folder/$name";
        next if $path =~ m{^/proc/(\d+|self|thread-self)$};
        lstat $path or next;
        if (-d _) { walk($path) }
        elsif (-f _) {
            $files++;
            next unless opens($path);
            if ($path eq $one_way && is_on($path)) { print "saw: $path is on, and can only stay so\n" }
            elsif (grep { $path =~ $_ } @own) { $own++ }
            else { print "broken: $path opens for writing\n" }
        }
    }
}
walk($_) for @ROOTS;
# By name, so that nobody's change to the walk loses them.
for my $path (qw(/proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper
                 /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug /proc/sys/fs/binfmt_misc/register)) {
    if (!-e $path) { print "saw: this kernel has no $path\n" }
    elsif (opens($path)) { print "broken: $path opens for writing\n" }
    else { print "saw: $path refuses\n" }
}
print "saw: $files files, $own of them the machine's own\n";
print "untried: only $files files in @ROOTS\n" if $files < 50;
print "done\n";
