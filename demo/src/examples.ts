export const examples = [
  {
    name: 'A review',
    text: 'The room was spotless and the view over the harbour took my breath away. Breakfast, on the other hand, was a disappointment: cold eggs and weak coffee. Check-in is from three to ten. We would come back any time!',
  },
  {
    name: 'A complaint',
    text: 'I ordered this lamp three weeks ago and it arrived broken. Nobody answers my emails. The invoice number is 4711. I am really disappointed and I want my money back.',
  },
  {
    name: 'A thank-you note',
    text: 'Thank you so much for yesterday! The children still talk about the magician. It was the best birthday party we have ever had.',
  },
  {
    name: 'A notice',
    text: 'The library opens at nine on weekdays. Please bring your card. On Saturday the entrance is at the back of the building.',
  },
] as const;
