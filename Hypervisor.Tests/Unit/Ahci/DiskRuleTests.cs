using System;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Ahci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Rules: how they are read, which disks they mean, what they decide.</summary>
public sealed class DiskRuleTests
{
    private static readonly PciAddress _here = new(0, 0, 0x1F, 2);

    [Theory]
    [InlineData("port 0: readonly")]
    [InlineData("port 31: deny")]
    [InlineData("port 2.14: log")]
    [InlineData("serial QM00005, lba 2048-: encrypt main")]
    [InlineData("model QEMU HARDDISK, lba 0-33: readonly")]
    [InlineData("at 00:1f.2, port 0: readonly")]
    [InlineData("at 0000:00:1f.2, lba 5: deny")]
    [InlineData("serial a:b, lba 0x10 - 1K : log")]
    public void Read(string rule) => Assert.True(Set(new AhciPolicy(), "rule", rule));

    [Theory]
    [InlineData("port 0")]
    [InlineData("port 32: readonly")]
    [InlineData("port 0.15: readonly")]
    [InlineData("port x: readonly")]
    [InlineData("port 0: readwrite")]
    [InlineData("port 0: encrypt")]
    [InlineData("port 0: encrypt a-name-that-is-too-long")]
    [InlineData("lba 0-1: readonly")]
    [InlineData("port 0, lba 5-4: readonly")]
    [InlineData("port 0, lba: readonly")]
    [InlineData("port 0, port 1: readonly")]
    [InlineData("lba 1-2, port 0: readonly")]
    [InlineData("serial : readonly")]
    [InlineData("model 12345678901234567890123456789012345678901: deny")]
    [InlineData("at 1f.2, port 0: readonly")]
    [InlineData("")]
    public void Refused(string rule) => Assert.False(Set(new AhciPolicy(), "rule", rule));

    [Fact]
    public void There_is_room_for_sixteen()
    {
        AhciPolicy policy = new();
        Assert.All(Enumerable.Range(0, 16), i => Assert.True(Set(policy, "rule", $"port {i}: log")));
        Assert.False(Set(policy, "rule", "port 16: log"));
    }

    [Theory]
    [InlineData("main, aes-xts-128, hex 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", true)]
    [InlineData("main, aes-xts-256, hex 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", false)]
    [InlineData("main, aes-xts-128, hex 0001", false)]
    [InlineData("main, aes-xts-512, hex 00", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 200000, check 0011223344556677", true)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 200000", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 200000, check 00112233445566", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 200000, check 001122334455667788", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 200000, check 0011223344556677, more", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 00010203, iterations 200000, check 0011223344556677", false)]
    [InlineData("main, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 1, check 0011223344556677", false)]
    [InlineData("main, aes-xts-256, passphrase", false)]
    [InlineData("main", false)]
    public void Keys(string key, bool isTaken) => Assert.Equal(isTaken, Set(new AhciPolicy(), "key", key));

    [Fact]
    public void A_key_is_given_once_and_a_passphrase_is_asked_for_until_it_is_right()
    {
        byte[] key = Rfc2898DeriveBytes.Pbkdf2("correct horse", Convert.FromHexString("000102030405060708090A0B0C0D0E0F"), 1000, HashAlgorithmName.SHA256, 64);
        string check = Convert.ToHexString(HMACSHA256.HashData(key, "hv disk key"u8)[..8]);
        string asks = $"a, aes-xts-256, passphrase, salt 000102030405060708090A0B0C0D0E0F, iterations 1000, check {check}";
        AhciPolicy policy = new();
        Assert.True(Set(policy, "rule", "port 0: encrypt a"));
        Assert.True(Set(policy, "key", asks));
        Assert.False(Set(policy, "key", asks));
        Assert.Equal(1, policy.Keys.Count);
        Assert.Equal("disk key a", Encoding.ASCII.GetString(policy.Keys.WantedPassphrase));
        byte[] option = new byte[256];
        Assert.Equal(0, policy.Keys.TakePassphrase("correct house"u8, option));
        Assert.Equal(new byte[256], option);
        Assert.Equal("disk key a", Encoding.ASCII.GetString(policy.Keys.WantedPassphrase)); // asked for again
        int length = policy.Keys.TakePassphrase("correct horse"u8, option);
        Assert.True(policy.Keys.WantedPassphrase.IsEmpty);
        Assert.Equal(0, policy.Keys.TakePassphrase("battery"u8, option));
        string value = $"a, aes-xts-256, hex {Convert.ToHexString(key)}";
        Assert.Equal($"key={value}", Encoding.ASCII.GetString(option, 0, length), ignoreCase: true);

        // The one that runs is told both.
        AhciPolicy running = new();
        Assert.True(Set(running, "key", asks));
        Assert.True(Set(running, "key", value));
        Assert.True(running.Keys.WantedPassphrase.IsEmpty);
        Assert.False(Set(running, "key", value));
    }

    [Fact]
    public void A_disk_that_is_not_known_is_every_disk()
    {
        AhciPolicy policy = With("serial A: deny", "model B: readonly", "port 1: log", "at 00:1f.3, port 0: deny");
        Assert.Equal(0b0011u, policy.Rules.Possible(_here, 0, 0));
        Assert.Equal(0b0111u, policy.Rules.Possible(_here, 1, 3));
        Assert.Equal(0b0001u, policy.Rules.Of(0b0111, "A"u8, "X"u8) & 0b0011);
        Assert.Equal(0b0110u, policy.Rules.Of(0b0111, "X"u8, "B"u8));
        Assert.Equal(0u, policy.Rules.Of(0b0011, "AA"u8, "b"u8));
    }

    [Theory]
    [InlineData(0x25, 0, SlotOutcome.Refuse)] // may be the second one
    [InlineData(0x35, 0, SlotOutcome.Refuse)]
    [InlineData(0x25, 50, SlotOutcome.Pass)] // the port decides before it matters which disk it is
    [InlineData(0x35, 50, SlotOutcome.Refuse)]
    [InlineData(0x25, 200, SlotOutcome.Refuse)] // may have to be decrypted, or not
    [InlineData(0x42, 200, SlotOutcome.Pass)]
    [InlineData(0x25, 300, SlotOutcome.Pass)]
    [InlineData(0xEC, 0, SlotOutcome.Pass)]
    public void A_disk_that_is_not_known_is_refused_what_any_of_them_is_refused(byte command, int lba, SlotOutcome outcome)
    {
        AhciPolicy policy = With(
            "port 0, lba 50-99: readonly", "serial SYSTEM, lba 0-99: readonly", "model SECRET, lba 0-99: deny", "serial OTHER, lba 200-299: encrypt a", "port 0, lba 300-: log");
        byte[] fis = new byte[CommandFis.Size];
        new CommandFis(fis).Set(command, 0);
        new CommandFis(fis).Set48((ulong)lba, 1);
        fis[7] = 0x40;
        uint unknown = DiskRules.OfUnknown(policy.Rules.Possible(_here, 0, 0));
        Assert.Equal(outcome, new CommandJudge(policy).Decide(unknown, DiskCommand.Read(new CommandFis(fis)), 0, out bool isLogged));
        Assert.Equal(lba == 300, isLogged);
    }

    [Fact]
    public void A_port_of_a_port_multiplier_is_one_disk()
    {
        AhciPolicy policy = With("port 2.1: deny");
        Assert.True(policy.GovernsPort(_here, 2));
        Assert.False(policy.GovernsPort(_here, 1));
        Assert.Equal(1u, policy.Rules.Possible(_here, 2, 1));
        Assert.Equal(0u, policy.Rules.Possible(_here, 2, 0));
    }

    [Fact]
    public void The_first_rule_that_holds_a_sector_decides_and_log_goes_on()
    {
        AhciPolicy policy = With("port 0, lba 5-9: log", "port 0, lba 8-20: readonly", "port 0, lba 15-: deny");
        (RuleAction Action, bool IsLogged, ulong Last)[] expected =
        [
            (RuleAction.Pass, false, 4), (RuleAction.Pass, true, 7), (RuleAction.ReadOnly, true, 9), (RuleAction.ReadOnly, false, 20), (RuleAction.Deny, false, ulong.MaxValue),
        ];
        ulong sector = 0;
        foreach ((RuleAction action, bool isLogged, ulong last) in expected)
        {
            SectorDecision decision = policy.Rules.Decide(7, sector);
            Assert.Equal((action, isLogged, true), (decision.Action, decision.IsLogged, decision.Last <= last));
            while (decision.Last < last)
            {
                decision = policy.Rules.Decide(7, decision.Last + 1);
                Assert.Equal((action, isLogged), (decision.Action, decision.IsLogged));
            }

            sector = last + 1;
        }

        Assert.Equal(RuleAction.Pass, policy.Rules.Decide(1, 8).Action); // only the rules of the disk
    }

    [Theory]
    [InlineData(0x25, 0ul, 10, SlotOutcome.Pass)]
    [InlineData(0x35, 0ul, 10, SlotOutcome.Pass)]
    [InlineData(0x35, 0ul, 11, SlotOutcome.Refuse)]
    [InlineData(0x25, 0ul, 100, SlotOutcome.Pass)]
    [InlineData(0x25, 0ul, 101, SlotOutcome.Refuse)]
    [InlineData(0x25, 200ul, 1, SlotOutcome.Refuse)]
    [InlineData(0x42, 200ul, 1, SlotOutcome.Refuse)]
    [InlineData(0x42, 10ul, 1, SlotOutcome.Pass)]
    [InlineData(0xEC, 0ul, 0, SlotOutcome.Pass)]
    [InlineData(0x06, 0ul, 1, SlotOutcome.Refuse)]
    [InlineData(0x92, 0ul, 1, SlotOutcome.Refuse)]
    public void A_command_is_refused_whole(byte command, ulong lba, int count, SlotOutcome outcome)
    {
        AhciPolicy policy = With("port 0, lba 10-99: readonly", "port 0, lba 100-: deny");
        byte[] fis = new byte[CommandFis.Size];
        fis[0] = CommandFis.RegisterHostToDevice;
        new CommandFis(fis).Set(command, 0);
        new CommandFis(fis).Set48(lba, count);
        fis[7] = 0x40;
        Assert.Equal(outcome, new CommandJudge(policy).Decide(3, DiskCommand.Read(new CommandFis(fis)), 512, out _));
    }

    [Theory]
    [InlineData(0x25, 512, SlotOutcome.Refuse)] // there is no key
    [InlineData(0x42, 512, SlotOutcome.Pass)]
    [InlineData(0x06, 512, SlotOutcome.Pass)]
    [InlineData(0x45, 512, SlotOutcome.Refuse)]
    [InlineData(0xA0, 0, SlotOutcome.Pass)]
    public void Encryption_without_a_key_refuses_data(byte command, int sectorSize, SlotOutcome outcome)
    {
        byte[] fis = new byte[CommandFis.Size];
        fis[0] = CommandFis.RegisterHostToDevice;
        new CommandFis(fis).Set(command, 0);
        fis[7] = 0x40;
        Assert.Equal(outcome, new CommandJudge(With("port 0: encrypt a")).Decide(1, DiskCommand.Read(new CommandFis(fis)), sectorSize, out _));
    }

    [Fact]
    public void Pages_are_given_side_by_side_and_taken_back()
    {
        PagePool pool = new();
        int first = pool.Take(1, 300);
        Assert.Equal(PagePool.None, pool.Take(2, 300));
        int second = pool.Take(2, 100);
        Assert.True(second >= first + 300 || second + 100 <= first);
        pool.Release(1);
        Assert.Equal(PagePool.Pages - 100, pool.Free);
        int part = pool.TakeUpTo(3, 500, out int count);
        Assert.Equal((0, 300), (part, count));
        Assert.Equal(112, pool.Free);
        _ = pool.TakeUpTo(3, 500, out count);
        Assert.Equal(112, count);
        Assert.Equal(PagePool.None, pool.TakeUpTo(3, 1, out count));
        pool.Release(3);
        pool.Release(2);
        Assert.Equal(PagePool.Pages, pool.Free);
    }

    [Theory]
    [InlineData(0, 0, 512)]
    [InlineData(0x5000, 0x800, 4096)]
    [InlineData(0x5000, 0x100, 512)]
    [InlineData(0x6000, 0x800, 512)] // no longer logical sectors
    [InlineData(0x9000, 0x800, 512)] // not valid
    public void Identity(ushort word106, uint words, int sectorSize)
    {
        byte[] data = new byte[IdentifyData.Size];
        Swapped("  SERIAL 1".PadRight(20)).CopyTo(data, 20);
        Swapped("A MODEL".PadRight(40)).CopyTo(data, 54);
        BitConverter.TryWriteBytes(data.AsSpan(212), word106);
        BitConverter.TryWriteBytes(data.AsSpan(234), words);
        IdentifyData identity = new(data);
        Assert.Equal(sectorSize, identity.SectorSize);
        Assert.Equal("SERIAL 1", Encoding.ASCII.GetString(identity.Serial(new byte[20])));
        Assert.Equal("A MODEL", Encoding.ASCII.GetString(identity.Model(new byte[40])));
        Assert.False(identity.IsEmpty);
        Assert.True(new IdentifyData(new byte[IdentifyData.Size]).IsEmpty);
    }

    [Theory]
    [InlineData(0x0040, 0xC837, "SERIAL", "MODEL", false, true)]
    [InlineData(0x0044, 0xC837, "SERIAL", "MODEL", false, false)] // incomplete
    [InlineData(0x0040, 0x37C8, "SERIAL", "MODEL", false, false)] // the same, otherwise
    [InlineData(0x0040, 0x8C73, "SERIAL", "MODEL", false, false)]
    [InlineData(0x0040, 0x738C, "SERIAL", "MODEL", false, true)] // has yet to spin up, but tells all
    [InlineData(0x0040, 0x0000, "", "MODEL", false, false)] // every disk has a serial number
    [InlineData(0x85C0, 0x0000, "", "MODEL", true, true)] // but not every drive for packets
    [InlineData(0x85C4, 0x0000, "", "MODEL", true, false)]
    [InlineData(0x85C0, 0x0000, "", "", true, false)]
    public void A_disk_is_known_by_an_answer_that_is_complete(ushort word0, ushort word2, string serial, string model, bool isPacket, bool tells)
    {
        byte[] data = new byte[IdentifyData.Size];
        BitConverter.TryWriteBytes(data.AsSpan(0), word0);
        BitConverter.TryWriteBytes(data.AsSpan(4), word2);
        Swapped(serial.PadRight(20)).CopyTo(data, 20);
        Swapped(model.PadRight(40)).CopyTo(data, 54);
        Assert.Equal(tells, new IdentifyData(data).TellsWho(isPacket));
    }

    [Fact]
    public void Disks_are_told_apart_by_what_identifies_them()
    {
        byte[] one = new byte[IdentifyData.Size];
        Swapped("SERIAL".PadRight(20)).CopyTo(one, 20);
        byte[] same = [.. one];
        same[200] = 1;
        byte[] other = [.. one];
        other[30] ^= 1;
        Assert.Equal(new IdentifyData(one).Fingerprint, new IdentifyData(same).Fingerprint);
        Assert.NotEqual(new IdentifyData(one).Fingerprint, new IdentifyData(other).Fingerprint);
    }

    private static byte[] Swapped(string text) => [.. Enumerable.Range(0, text.Length).Select(i => (byte)text[i ^ 1])];

    private static AhciPolicy With(params string[] rules)
    {
        AhciPolicy policy = new();
        Assert.All(rules, rule => Assert.True(Set(policy, "rule", rule)));
        return policy;
    }

    private static bool Set(AhciPolicy policy, string key, string value) => policy.SetOption(Encoding.ASCII.GetBytes(key), Encoding.ASCII.GetBytes(value)).IsTaken;
}
