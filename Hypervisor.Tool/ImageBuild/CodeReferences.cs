using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// What a function refers to without a relocation: branches and addresses within its section, virtual calls, and the function below it
/// where control falls through.
/// </summary>
internal static class CodeReferences
{
    /// <summary>A method table has three words before its virtual methods: sizes and flags, the base type, and counts.</summary>
    private const int FirstVirtualSlot = 24;

    private const int SlotSize = 8;

    /// <summary>Adds the references of <paramref name="function"/>.</summary>
    public static void Add(ImageNode function, ImageGraph graph, ImageRules rules)
    {
        CoffSection section = function.Section!;
        HashSet<uint> relocated =
            [.. section.Relocations.Select(r => r.Offset).Where(offset => offset >= function.Start && offset < function.End)];
        Dictionary<Register, int> loaded = [];
        FlowControl last = FlowControl.Return;
        foreach (Instruction instruction in function.Decode(rules))
        {
            if (ReferenceOf(instruction) is { } target
                && !IsRelocated(instruction, relocated)
                && graph.Find(section, (long)target) is { } node)
            {
                function.AddTarget(node);
            }

            AddVirtualSlot(function, instruction, loaded);
            if (instruction.Mnemonic is not (Mnemonic.Nop or Mnemonic.Int3))
            {
                last = instruction.FlowControl;
            }
        }

        // A call that ends a function does not return: the compiler knows where control stops.
        bool fallsThrough = last is FlowControl.Next or FlowControl.ConditionalBranch;
        if (fallsThrough && function.End < section.Size && graph.Find(section, function.End) is { } below)
        {
            function.AddTarget(below);
        }
    }

    private static ulong? ReferenceOf(in Instruction instruction)
    {
        if (instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64)
        {
            return instruction.NearBranchTarget;
        }

        return instruction.IsIPRelativeMemoryOperand ? instruction.IPRelativeMemoryAddress : null;
    }

    private static bool IsRelocated(in Instruction instruction, HashSet<uint> relocated)
    {
        for (uint offset = (uint)instruction.IP; offset < (uint)instruction.NextIP; offset++)
        {
            if (relocated.Contains(offset))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Virtual calls are CALL [table + slot], or a load of the slot and a CALL or JMP of the register it went to.</summary>
    private static void AddVirtualSlot(ImageNode function, in Instruction instruction, Dictionary<Register, int> loaded)
    {
        int slot = 0;
        if (instruction.FlowControl is FlowControl.IndirectCall or FlowControl.IndirectBranch)
        {
            slot = instruction.Op0Kind == OpKind.Memory ? SlotOf(instruction) : loaded.GetValueOrDefault(instruction.Op0Register);
        }
        else if (instruction.Op0Kind == OpKind.Register)
        {
            bool isLoad = instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Kind == OpKind.Memory;
            loaded[instruction.Op0Register.GetFullRegister()] = isLoad ? SlotOf(instruction) : 0;
        }

        if (slot >= FirstVirtualSlot)
        {
            function.VirtualSlots.Add(slot);
        }
    }

    private static int SlotOf(in Instruction instruction)
    {
        bool isField =
            instruction.MemoryBase is not (Register.None or Register.RIP or Register.RSP) && instruction.MemoryIndex == Register.None;
        ulong displacement = instruction.MemoryDisplacement64;
        return isField && displacement % SlotSize == 0 && displacement < ushort.MaxValue ? (int)displacement : 0;
    }
}
