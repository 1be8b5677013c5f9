using System;
using System.Text;
using Hypervisor.Control;
using Hypervisor.Uefi.Protocols;
using Xunit;

namespace Hypervisor.Tests.Unit.Control;

public class GuidTextTests
{
    [Fact]
    public void Guids_are_written_and_read_as_everywhere()
    {
        Random random = new(7);
        byte[] bytes = new byte[16];
        byte[] text = new byte[GuidText.Length];
        for (int i = 0; i < 200; i++)
        {
            random.NextBytes(bytes);
            Guid guid = new(bytes);
            EfiGuid efi = new(BitConverter.ToUInt64(bytes, 0), BitConverter.ToUInt64(bytes, 8));
            GuidText.Write(efi, text, lower: true);
            Assert.Equal(guid.ToString(), Encoding.ASCII.GetString(text));
            GuidText.Write(efi, text, lower: false);
            Assert.Equal(guid.ToString().ToUpperInvariant(), Encoding.ASCII.GetString(text));
            Assert.True(GuidText.TryRead(text, out EfiGuid read));
            Assert.True(read.Matches(efi));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("8BE4DF61-93CA-11D2-AA0D-00E098032B8")]
    [InlineData("8BE4DF61-93CA-11D2-AA0D-00E098032B8C0")]
    [InlineData("8BE4DF61093CA-11D2-AA0D-00E098032B8C")]
    [InlineData("8BE4DF61-93CA-11D2-AA0D-00E098032B8G")]
    [InlineData("8BE4DF61-93CA-11D2-AA0D--0E098032B8C")]
    public void What_is_no_guid_is_not_read(string text) => Assert.False(GuidText.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("8BE4DF61-93CA-11D2-AA0D-00E098032B8C", nameof(EfiGuid.GlobalVariable))]
    [InlineData("6302D008-7F9B-4F30-87AC-60C9FEF5DA4E", nameof(EfiGuid.Shell))]
    [InlineData("752F3136-4E16-4FDC-A22A-E5F46812F4CA", nameof(EfiGuid.ShellParameters))]
    [InlineData("3152BCA5-EADE-433D-862E-C01CDC291F44", nameof(EfiGuid.Random))]
    [InlineData("5A0F3C9E-6B7D-4E21-8C44-D1B2A3F49607", nameof(EfiGuid.HvRecords))]
    [InlineData("7F4C2B10-5A3E-4D8C-9B1D-6876E7A1C0DE", nameof(EfiGuid.Hv))]
    [InlineData("5B1B31A1-9562-11D2-8E3F-00A0C969723B", nameof(EfiGuid.LoadedImage))]
    public void The_numbers_in_the_sources_are_those_of_the_specifications(string text, string property)
    {
        EfiGuid guid = (EfiGuid)typeof(EfiGuid).GetProperty(property)!.GetValue(null)!;
        byte[] written = new byte[GuidText.Length];
        GuidText.Write(guid, written, lower: false);
        Assert.Equal(text, Encoding.ASCII.GetString(written));
    }
}
