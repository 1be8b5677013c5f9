using System;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>A guest processor at privilege 3 with the memory of <see cref="NativeLayout"/>, for instructions that are emulated.</summary>
internal sealed unsafe class EmulatedMachine : IDisposable
{
    internal const ulong HiddenBase = 0x2380_0000;
    internal const ulong HiddenSize = 0x1_0000;

    private const ulong Root = 0x1000;
    private const ulong Tables = 0x4000;
    private const ulong UserWritable = 7;
    private const ulong UserReadOnly = 5;
    private const uint PagedProtected = 0x8001_0001; // PG, WP, PE
    private const int SavedVectors = 6;
    private const int VectorSize = NativeCase.VectorSize;
    private const uint AlignmentMask = 0x4_0000;

    private readonly NativeRegion _memory = new(0x2401_0000);
    private readonly EmulationContext* _context = (EmulationContext*)NativeMemory.AllocZeroed((nuint)sizeof(EmulationContext));
    private readonly GuestRegisters* _registers = (GuestRegisters*)NativeMemory.AllocZeroed((nuint)sizeof(GuestRegisters));
    private readonly byte* _code = (byte*)NativeMemory.AllocZeroed(16);
    private readonly ulong* _savedVectors = (ulong*)NativeMemory.AllocZeroed(SavedVectors * VectorSize / 2);
    private readonly SimulatedProcessor _processor = new(0, CpuidTable.Tcg());
    private ulong _nextTable = Tables;

    internal EmulatedMachine()
    {
        AddressSpace.GuestWindow = _memory.Base;
        Instructions.Processor = _processor;
        ModelBus.Base = _memory.Base;
        ModelBus.Trapped = _ => true;
        ModelBus.Seen = null;
        MapPages(NativeLayout.FirstPages, NativeLayout.Pages, UserWritable);
        MapPages(NativeLayout.SecondPages, NativeLayout.Pages, UserWritable);
        MapPages(NativeLayout.ReadOnlyPage, 1, UserReadOnly);
        MapPages(NativeLayout.Code, 1, UserWritable);
        MapPages(HiddenBase, 1, UserWritable);
    }

    internal EmulationContext* Context => _context;

    internal GuestRegisters* Registers => _registers;

    internal SimulatedProcessor Processor => _processor;

    internal byte* At(ulong physical) => (byte*)(_memory.Base + physical);

    /// <summary>The entry that maps a page.</summary>
    internal ulong* PageEntry(ulong linear)
    {
        ulong table = Root;
        for (int shift = 39; shift > 12; shift -= 9)
        {
            ulong* entry = (ulong*)At(table) + ((linear >> shift) & 511);
            if (*entry == 0)
            {
                *entry = _nextTable | UserWritable;
                _nextTable += NativeLayout.PageSize;
            }

            table = *entry & ~0xFFFUL;
        }

        return (ulong*)At(table) + ((linear >> 12) & 511);
    }

    /// <summary>Loads what a case finds.</summary>
    internal void Load(in NativeCase found, CodeWidth width)
    {
        fixed (NativeCase* source = &found)
        {
            *_context = default;
            *_registers = source->Registers;
            RFlags flags = new(source->Flags);
            _context->Registers = _registers;
            _context->SavedVectors = _savedVectors;
            new ReadOnlySpan<byte>(source->VectorRegisters, NativeCase.Vectors * VectorSize).CopyTo(_processor.Vectors);
            for (int i = 0; i < SavedVectors; i++)
            {
                Span<byte> lower = _processor.Vectors.AsSpan(i * VectorSize, VectorSize / 2);
                lower.CopyTo(new Span<byte>(_savedVectors + (i * 2), VectorSize / 2));
                lower.Fill(0xEE); // the host's
            }

            _context->RFlags = flags;
            _context->Width = width;
            _context->Privilege = 3;
            _context->Rip = width == CodeWidth.Bits16 ? 0 : NativeLayout.Code;
            _context->HiddenBase = HiddenBase;
            _context->HiddenSize = HiddenSize;
            SetPaging(new Cr0(PagedProtected | AlignmentMask), new Cr4(0x4_0620), 3);
            LoadSegments(source, width);
            new Span<byte>(At(NativeLayout.FirstPages), (int)(NativeLayout.Pages * NativeLayout.PageSize)).Clear();
            new Span<byte>(At(NativeLayout.SecondPages), (int)(NativeLayout.Pages * NativeLayout.PageSize)).Clear();
            new ReadOnlySpan<byte>(source->FirstWindow, NativeLayout.WindowSize).CopyTo(new Span<byte>(At(NativeLayout.FirstWindow), NativeLayout.WindowSize));
            new ReadOnlySpan<byte>(source->SecondWindow, NativeLayout.WindowSize).CopyTo(new Span<byte>(At(NativeLayout.SecondWindow), NativeLayout.WindowSize));
            new ReadOnlySpan<byte>(source->Code, 16).CopyTo(new Span<byte>(_code, 16));
        }
    }

    internal void SetPaging(Cr0 cr0, Cr4 cr4, int privilege)
    {
        _context->Privilege = privilege;
        _context->Paging = new PagingState(cr0, new Cr3(Root), cr4, new Efer(0xD00), _context->RFlags, privilege, 40, hasGibibytePages: true);
    }

    /// <summary>Executes the instruction until it is finished, faults, or is not known.</summary>
    internal EmulationOutcome Run(int length)
    {
        MemoryInstruction instruction = Decode(length);
        EmulationOutcome outcome;
        bool started = false;
        do
        {
            _context->IsUnfinished = false;
            outcome = InstructionExecution.Run<ModelBus>(_context, in instruction);
            started |= outcome == EmulationOutcome.Done;
        }
        while (outcome == EmulationOutcome.Done && _context->IsUnfinished);
        return outcome;
    }

    internal MemoryInstruction Decode(int length)
    {
        _ = MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(_code, length), _context->Width, out MemoryInstruction instruction);
        return instruction;
    }

    /// <summary>Stores what is left, in the form in which the native program does.</summary>
    internal void Store(EmulationOutcome outcome, ref NativeCase left)
    {
        fixed (NativeCase* destination = &left)
        {
            destination->Registers = *_registers;
            destination->Flags = _context->RFlags.Value;
            _processor.Vectors.CopyTo(new Span<byte>(destination->VectorRegisters, NativeCase.Vectors * VectorSize));
            for (int i = 0; i < SavedVectors; i++)
            {
                new ReadOnlySpan<byte>(_savedVectors + (i * 2), VectorSize / 2).CopyTo(new Span<byte>(destination->VectorRegisters + (i * VectorSize), VectorSize / 2));
            }

            destination->Status = outcome == EmulationOutcome.Faulted ? NativeCase.Faulted : NativeCase.Done;
            destination->Vector = _context->Exception.Vector;
            destination->ErrorCode = _context->Exception.ErrorCode;
            destination->FaultAddress = _context->FaultAddress;
            new ReadOnlySpan<byte>(At(NativeLayout.FirstWindow), NativeLayout.WindowSize).CopyTo(new Span<byte>(destination->FirstWindow, NativeLayout.WindowSize));
            new ReadOnlySpan<byte>(At(NativeLayout.SecondWindow), NativeLayout.WindowSize).CopyTo(new Span<byte>(destination->SecondWindow, NativeLayout.WindowSize));
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_context);
        NativeMemory.Free(_registers);
        NativeMemory.Free(_code);
        NativeMemory.Free(_savedVectors);
        Instructions.Processor = null;
        AddressSpace.GuestWindow = 0;
        _memory.Dispose();
    }

    private void LoadSegments(NativeCase* source, CodeWidth width)
    {
        if (width == CodeWidth.Bits64)
        {
            _context->Cs = new SegmentState(new SegmentSelector(NativeSegment.Code64), 0, 0, default);
            _context->Ss = new SegmentState(new SegmentSelector(NativeSegment.FlatData), 0, 0, default);
            _context->Fs = new SegmentState(default, NativeLayout.FsBase, 0, default);
            _context->Gs = new SegmentState(default, NativeLayout.GsBase, 0, default);
            return;
        }

        for (SegmentRegister name = SegmentRegister.Es; name <= SegmentRegister.Gs; name++)
        {
            *EmulationContext.Segment(_context, name) = NativeSegment.State(source->Selectors[(int)name]);
        }

        bool wide = width == CodeWidth.Bits32;
        _context->Cs = new SegmentState(
            new SegmentSelector(source->EntrySelector), wide ? 0 : NativeLayout.Code, wide ? uint.MaxValue : ushort.MaxValue, new SegmentAttributes((ushort)(wide ? 0xCFB : 0x0FB)));
    }

    private void MapPages(ulong first, int count, ulong flags)
    {
        for (int i = 0; i < count; i++)
        {
            ulong page = first + ((ulong)i * NativeLayout.PageSize);
            *PageEntry(page) = page | flags;
        }
    }
}
