using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

/// <summary>Reads "newc" archives by the format's description, sharing nothing with the writer.</summary>
internal static class NewcReader
{
    private const int HeaderBytes = 110;
    private const int MagicBytes = 6;
    private const int FieldBytes = 8;
    private const int InodeField = 0;
    private const int ModeField = 1;
    private const int SizeField = 6;
    private const int MajorField = 9;
    private const int MinorField = 10;
    private const int NameSizeField = 11;

    public static IReadOnlyList<NewcEntry> Read(byte[] archive)
    {
        List<NewcEntry> entries = [];
        int position = 0;
        while (true)
        {
            Assert.Equal(0, position % 4);
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, position, MagicBytes));
            int nameSize = (int)Field(archive, position, NameSizeField);
            string name = Encoding.UTF8.GetString(archive, position + HeaderBytes, nameSize - 1);
            Assert.Equal(0, archive[position + HeaderBytes + nameSize - 1]);
            int data = Align(position + HeaderBytes + nameSize);
            int size = (int)Field(archive, position, SizeField);
            if (name == "TRAILER!!!")
            {
                Assert.Equal(archive.Length, Align(data + size));
                return entries;
            }

            entries.Add(new NewcEntry(
                name,
                Field(archive, position, InodeField),
                Field(archive, position, ModeField),
                Field(archive, position, MajorField),
                Field(archive, position, MinorField),
                archive[data..(data + size)]));
            position = Align(data + size);
        }
    }

    private static uint Field(byte[] archive, int header, int field)
    {
        string digits = Encoding.ASCII.GetString(archive, header + MagicBytes + (field * FieldBytes), FieldBytes);
        return uint.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static int Align(int position)
    {
        return (position + 3) & ~3;
    }
}
