using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// All code of the linked image decodes, and none of it is in a vector encoding (VEX, EVEX, XOP): those clear or need register state that
/// belongs to the guest and that the host does not save. For the same reason XMM6 to XMM15 are not used. The stubs that move the guest's registers are excepted.
/// </summary>
public static class InstructionCheck
{
    private const byte Int3 = 0xCC;

    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Run(PeImage image, IReadOnlyList<MapSymbol> functions, ImageRules rules)
    {
        foreach (PeSection section in image.Sections.Where(s => s.IsExecutable))
        {
            byte[] code = image.Content(section).ToArray();
            uint end = section.VirtualAddress + (uint)code.Length;
            MapSymbol[] starts = [.. functions.Where(f => f.Address >= section.VirtualAddress && f.Address < end)];
            if (starts.Length == 0 || starts[0].Address != section.VirtualAddress)
            {
                starts = [new MapSymbol($"the start of {section.Name}", section.VirtualAddress), .. starts];
            }

            for (int i = 0; i < starts.Length; i++)
            {
                uint next = i + 1 < starts.Length ? starts[i + 1].Address : end;
                ReadOnlySpan<byte> body = code.AsSpan((int)(starts[i].Address - section.VirtualAddress), (int)(next - starts[i].Address));
                if (Decode(starts[i], body, section.Name, rules) is { } problem)
                {
                    yield return problem;
                }
            }
        }
    }

    /// <summary>Decodes a function up to the padding behind it.</summary>
    /// <returns>The first thing that is wrong; null for none.</returns>
    private static string? Decode(MapSymbol function, ReadOnlySpan<byte> body, string section, ImageRules rules)
    {
        byte[] code = body.TrimEnd(Int3).ToArray();
        ByteArrayCodeReader bytes = new(code);
        Decoder decoder = Decoder.Create(rules.BitnessOf([function.Name]), bytes, function.Address);
        while (bytes.CanReadByte)
        {
            Instruction instruction = decoder.Decode();
            string place = $"{section}: {function.Name}+{instruction.IP - function.Address:X}h (image offset {instruction.IP:X}h)";
            if (instruction.IsInvalid)
            {
                int offset = (int)(instruction.IP - function.Address);
                string found = Convert.ToHexString(code.AsSpan(offset, Math.Min(code.Length - offset, 15)));
                return $"{place} is no instruction: {found}; executable sections hold only code";
            }

            if (instruction.Encoding != EncodingKind.Legacy && !ImageRules.WideVectorStubs.Contains(function.Name))
            {
                return $"{place} is {instruction} in {instruction.Encoding} encoding; only legacy encodings (SSE2) are allowed";
            }

            if (rules.KeepsVectors && UsesKeptVector(instruction) && !ImageRules.KeptVectorStubs.Contains(function.Name))
            {
                return $"{place} is {instruction}; XMM6 to XMM15 are the guest's during an exit, and nobody has saved them";
            }
        }

        return null;
    }

    private static bool UsesKeptVector(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i) is >= Register.XMM6 and <= Register.XMM15)
            {
                return true;
            }
        }

        return false;
    }
}
