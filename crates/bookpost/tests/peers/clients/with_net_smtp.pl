# Sends the letter with Net::SMTP.
use strict;
use warnings;
use JSON::PP;
use Net::SMTP;

my $told = decode_json($ARGV[0]);
my @trust = (SSL_ca_file => $told->{authority}, SSL_verify_mode => 1);
my $server = Net::SMTP->new($told->{host}, Port => $told->{port}, Hello => $told->{client},
    SSL => $told->{security} eq 'implicit', @trust) or die "no connection: $@";
if ($told->{security} eq 'starttls') { $server->starttls(@trust) or die $server->message; }
if (defined $told->{user}) { $server->auth($told->{user}, $told->{password}) or die $server->message; }
$server->mail($told->{from}) or die $server->message;
$server->to($told->{to}) or die $server->message;
$server->data or die $server->message;
open my $letter, '<:raw', $told->{letter} or die $!;
$server->datasend($_) while <$letter>;
$server->dataend or die $server->message;
$server->quit;
