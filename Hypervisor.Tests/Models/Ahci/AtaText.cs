using System.Text;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Text in words, high byte first, filled with spaces (ATA8-ACS §3.4.9).</summary>
internal static class AtaText
{
    internal static void Put(byte[] data, int word, int length, string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text.PadRight(length));
        for (int i = 0; i < length; i++)
        {
            data[(word * 2) + (i ^ 1)] = bytes[i];
        }
    }
}
