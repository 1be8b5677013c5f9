using System;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Image;
using Iced.Intel;

namespace Hypervisor.Tool.Stubs;

/// <summary>Collects stubs: each is assembled by Iced, and knows the symbols it defines and the functions of the image it calls.</summary>
public sealed class StubWriter
{
    private readonly CoffObject _object = new();
    private readonly List<(Label Label, uint Displacement, string Symbol)> _references = [];
    private readonly List<(Label Label, string Symbol)> _inner = [];

    /// <summary>Adds a 64-bit stub named <paramref name="name"/>.</summary>
    public void Add(string name, Action<Assembler> write) => Add(name, 64, write);

    /// <summary>Adds a stub whose code is for <paramref name="bitness"/> bits: 16, 32 or 64.</summary>
    public void Add(string name, int bitness, Action<Assembler> write)
    {
        _references.Clear();
        _inner.Clear();
        Assembler assembler = new(bitness) { PreferShortBranch = false };
        write(assembler);
        using MemoryStream stream = new();
        AssemblerResult result = assembler.Assemble(new StreamCodeWriter(stream), 0, BlockEncoderOptions.ReturnNewInstructionOffsets | BlockEncoderOptions.DontFixBranches);
        List<(uint Offset, string Symbol)> calls = _references.ConvertAll(r => ((uint)result.GetLabelRIP(r.Label) + r.Displacement, r.Symbol));
        List<(string Name, uint Offset)> inner = _inner.ConvertAll(i => (i.Symbol, (uint)result.GetLabelRIP(i.Label)));
        _object.AddFunction(name, stream.ToArray(), calls, inner);
    }

    /// <summary>CALL of a function of the image, resolved by the linker.</summary>
    public void Call(Assembler assembler, string symbol) => Reference(assembler, 0xE8, symbol);

    /// <summary>JMP to a function of the image or another stub, resolved by the linker.</summary>
    public void Jump(Assembler assembler, string symbol) => Reference(assembler, 0xE9, symbol);

    /// <summary>Makes the next instruction visible to the linker and to the host as <paramref name="symbol"/>.</summary>
    public void Mark(Assembler assembler, string symbol)
    {
        Label label = assembler.CreateLabel(symbol);
        assembler.Label(ref label);
        _inner.Add((label, symbol));
    }

    /// <summary>The object file with all stubs.</summary>
    public byte[] ToArray() => _object.ToArray();

    /// <summary>LEA RAX, [symbol]: the address of a function of the image or of another stub.</summary>
    public void LoadAddress(Assembler assembler, string symbol)
    {
        Label label = assembler.CreateLabel();
        assembler.Label(ref label);
        assembler.db(0x48, 0x8D, 0x05, 0, 0, 0, 0);
        _references.Add((label, 3, symbol));
    }

    private void Reference(Assembler assembler, byte opcode, string symbol)
    {
        Label label = assembler.CreateLabel();
        assembler.Label(ref label);
        assembler.db(opcode, 0, 0, 0, 0);
        _references.Add((label, 1, symbol));
    }
}
