using System;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Ahci;
using Hypervisor.Devices.Pci;
using Xunit;

namespace Hypervisor.Tests.Unit.Ahci;

/// <summary>Keys of disks: where they are not left behind.</summary>
public sealed class DiskKeyTests
{
    private const string Hex = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";

    [Theory]
    [InlineData("main, aes-xts-256, hex " + Hex)]
    [InlineData("a name that is too long, aes-xts-128, hex " + Hex)]
    [InlineData("main, aes-xts-128, hex " + Hex + ", more")]
    [InlineData("main, aes-xts-128, hex " + Hex + "0x")]
    public void Of_a_key_that_is_refused_no_byte_is_kept_and_its_name_takes_no_room(string key)
    {
        AhciMediator mediator = new(new PciMediator(new PciConfiguration()), new PciConfiguration());
        Assert.False(mediator.SetOption("key"u8, Encoding.ASCII.GetBytes(key)).IsTaken);
        Assert.False(Holds(mediator, [0xA0, 0xA1, 0xA2, 0xA3]));
        DiskKeys keys = new();
        Assert.False(keys.TryAdd(Encoding.ASCII.GetBytes(key)));
        Assert.Equal(0, keys.Count);
    }

    [Fact]
    public void A_mediator_that_forgets_its_secrets_keeps_no_byte_of_a_key()
    {
        AhciMediator mediator = new(new PciMediator(new PciConfiguration()), new PciConfiguration());
        Assert.True(mediator.SetOption("key"u8, Encoding.ASCII.GetBytes("main, aes-xts-128, hex " + Hex)).IsTaken);
        Assert.True(Holds(mediator, Convert.FromHexString(Hex)));
        mediator.ForgetSecrets();
        Assert.False(Holds(mediator, [0xA0, 0xA1, 0xA2, 0xA3]));
        Assert.False(Holds(mediator, [0xBC, 0xBD, 0xBE, 0xBF]));
    }

    [Fact]
    public void A_key_that_was_forgotten_is_not_used_as_zeros()
    {
        DiskKeys keys = new();
        Assert.True(keys.TryAdd(Encoding.ASCII.GetBytes("main, aes-xts-128, hex " + Hex)));
        keys.Forget();
        keys.Prepare();
        Assert.False(keys.IsUsable(0));
    }

    [Fact]
    public void Options_that_were_noted_are_overwritten()
    {
        MediatorConfiguration configuration = default;
        Assert.True(configuration.TryNoteOption("ahci"u8, Encoding.ASCII.GetBytes("key=main, aes-xts-128, hex " + Hex)));
        Assert.True(MemoryMarshal.AsBytes(new Span<MediatorConfiguration>(ref configuration)).IndexOf(Encoding.ASCII.GetBytes(Hex)) >= 0);
        configuration.Wipe();
        Assert.True(configuration.Text.IsEmpty);
        Assert.Equal(-1, MemoryMarshal.AsBytes(new Span<MediatorConfiguration>(ref configuration)).IndexOfAnyExcept((byte)0));
    }

    /// <summary>Whether bytes are in an array that an object of the mediator has.</summary>
    private static bool Holds(object thing, byte[] bytes)
    {
        foreach (FieldInfo field in thing.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            object? value = field.GetValue(thing);
            bool isOurs = value?.GetType() is { IsClass: true, IsArray: false } type && type.Namespace == typeof(AhciMediator).Namespace;
            if ((value is byte[] array && array.AsSpan().IndexOf(bytes) >= 0) || (isOurs && Holds(value!, bytes)))
            {
                return true;
            }
        }

        return false;
    }
}
